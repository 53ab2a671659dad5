"""Writes the model card that lies beside the weights."""

from __future__ import annotations

from typing import Any

from finetune.encoders import LIGHT
from finetune.report.sections import escaped, table

USE = """```python
from finetune.predict import Predictor

print(Predictor("path/to/this/folder")("TEXT"))
```

"""
PLAIN = "It loads with plain transformers as well; the label names are in config.json."
WITHOUT_LABELS = "It loads with plain transformers as well."
OF_OUR_KIND = """Plain transformers knows this kind of model once `finetune.light` is imported; the label
names are in config.json.

```python
import finetune.light
from transformers import AutoModelForSequenceClassification

model = AutoModelForSequenceClassification.from_pretrained("path/to/this/folder")
```"""


def model_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Say what the model is, from what it was made, how good it is and how to use it."""
    settings = config["settings"]
    splits = [name for name in ("validation", "test") if name in metrics]
    rows = [(name, *(float(metrics[split][name]) for split in splits)) for name in metrics[splits[-1]]]
    encoder = settings["model"]["model_name_or_path"]
    prints = "\n".join(f"- {name}: `{value}`" for name, value in config["data"]["fingerprints"].items())
    labels = escaped(", ".join(config["data"]["labels"]))
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
        use(config["task"], encoder),
        "## Data",
        data,
        "## Limits",
        limits,
    ]
    return "\n\n".join(parts) + "\n"


def use(task: str, encoder: str) -> str:
    """Show how to ask the model; a pretrained encoder fills masks and has no labels."""
    if task == "pretrain":
        return USE.replace("TEXT", "…[MASK]…") + WITHOUT_LABELS
    return USE.replace("TEXT", "…") + (OF_OUR_KIND if encoder == LIGHT else PLAIN)
