"""Small data of the project's own, put together from word lists, in the layouts that tutorials use."""

SEED = 7
