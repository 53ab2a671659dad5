"""From files of texts and labels to a trained model with a report; importing this does nothing."""

__version__ = "0.1.0"
