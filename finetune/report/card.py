"""Writes the model card that lies beside the weights."""

from __future__ import annotations

from typing import Any

from finetune.report.sections import table

USE = """```python
from finetune.predict import Predictor

print(Predictor("path/to/this/folder")("…"))
```

It loads with plain transformers as well; the label names are in config.json."""


def model_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Say what the model is, from what it was made, how good it is and how to use it."""
    settings = config["settings"]
    splits = [name for name in ("validation", "test") if name in metrics]
    rows = [(name, *(float(metrics[split][name]) for split in splits)) for name in metrics[splits[-1]]]
    encoder = settings["model"]["model_name_or_path"]
    prints = "\n".join(f"- {name}: `{value}`" for name, value in config["data"]["fingerprints"].items())
    labels = ", ".join(config["data"]["labels"])
    facts = f"Fine-tuned from `{encoder}` for the task `{config['task']}`."
    facts += f"\n\nLabels: {labels}." if labels else ""
    front = "---\nlibrary_name: transformers\npipeline_tag: " + config["pipeline_tag"] + "\n---"
    limits = (
        "The figures hold for texts like those that it was measured on. The encoder's licence and the data's "
        "conditions apply to this model too."
    )
    results = table(("metric", *splits), rows)
    data = "Fingerprints of the files:\n\n" + prints
    parts = [
        front,
        "# Model card",
        facts,
        "## Results",
        results,
        "## Use",
        USE,
        "## Data",
        data,
        "## Limits",
        limits,
    ]
    return "\n\n".join(parts) + "\n"
