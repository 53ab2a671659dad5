"""Writes a trained model in a form that other programs run, and proves that it answers the same."""

RECORD = "export.json"  # what was found when the two were put side by side
