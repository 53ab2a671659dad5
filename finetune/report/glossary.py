"""What the figures mean, in a line each, for readers who did not train the model."""

MEANINGS = {
    "accuracy": "share of the texts with the right label",
    "macro_f1": "F1 averaged over the labels: a rare one counts as much as a frequent one",
    "macro_precision": "of what was given a label, the share that is right; averaged over the labels",
    "macro_recall": "of what has a label, the share that was found; averaged over the labels",
    "weighted_f1": "F1 averaged over the texts: frequent labels count more",
    "loss": "how surprised the model is by the right answers; lower is better",
    "calibration_error": "mean gap between confidence and share right; lower is better",
    "micro_f1": "balance of precision and recall over all pairs of text and label",
    "samples_f1": "F1 of each text's labels, averaged over the texts",
    "exact_match": "share of the texts whose labels are all right",
    "hamming_loss": "share of the pairs of text and label that are wrong; lower is better",
    "average_precision": "how well the probabilities put the right labels first; averaged over the labels",
    "f1": "balance of precision and recall; an entity counts only if its type and both borders are right",
    "precision": "of the entities found, the share that is right",
    "recall": "of the true entities, the share that was found",
    "perplexity": "among how many tokens the model seems to waver at each masked place; lower is better",
    "token_accuracy": "share of the masked tokens that the first guess names",
    "top5_accuracy": "share of the masked tokens that one of the first five guesses names",
    "tag_accuracy": "share of the words with the right tag; most words are in no entity, so it is flattering",
}


def meaning(name: str) -> str:
    """Say what a metric means; an unknown one is left to its name."""
    return MEANINGS.get(name, "")
