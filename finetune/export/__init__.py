"""Writes a trained model in a form that other programs run, and proves that it answers the same."""
