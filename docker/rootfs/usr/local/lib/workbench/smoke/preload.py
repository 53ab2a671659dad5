"""Imported once by the fork server, so that a dozen checks do not each wait for torch.

A torch that cannot be imported is no reason to stop here: the checks say it, each in its own line.
"""

import contextlib

with contextlib.suppress(Exception):
    import torch  # noqa: F401 - importing is the point
