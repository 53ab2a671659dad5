"""Probes: each looks at one thing on the host, returns what it saw, prints nothing and judges nothing."""
