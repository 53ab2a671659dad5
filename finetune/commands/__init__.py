"""The verbs of the command line, one small file each: what they accept and what they call."""
