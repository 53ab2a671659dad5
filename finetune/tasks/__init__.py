"""The tasks, one file each: how to encode, which head, which loss, which metrics."""
