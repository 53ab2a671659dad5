"""The half of a task that answers: texts to token rows, logits to answers. Needs only numpy."""
