"""Checks: each turns what the probes saw into findings; none of them touches the host."""
