"""The checks behind `make smoke-test`, run inside the container: does this environment do what it promises?

`python -m smoke` prints one JSON object per check as each finishes; the host draws the table.
"""
