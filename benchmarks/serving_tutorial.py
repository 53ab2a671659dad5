"""The tutorials' service: predict(text) behind a plain FastAPI route, one text at a time.

    python benchmarks/serving_tutorial.py MODEL PORT max_length cuda

The third word is the padding asked of the tokenizer: max_length, as the tutorials have it, or longest; the
fourth is the device.
"""

from __future__ import annotations

import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder, port, padding, device = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval().to(device)
app = FastAPI()


class Text(BaseModel):
    """One text."""

    text: str


def predict(text: str) -> dict[str, object]:
    """Label a text as the tutorials do."""
    inputs = tokenizer(text, return_tensors="pt", truncation=True, padding=padding, max_length=128)
    inputs = inputs.to(device)
    with torch.no_grad():
        logits = model(**inputs).logits
    probabilities = torch.softmax(logits, dim=-1)[0]
    best = int(probabilities.argmax())
    return {"label": model.config.id2label[best], "confidence": float(probabilities[best])}


@app.post("/v1/predict")
def route(asked: Text) -> dict[str, object]:
    """Run in FastAPI's thread pool, as a plain `def` route does."""
    return predict(asked.text)


@app.get("/health/ready")
def ready() -> dict[str, bool]:
    """Say that the model is loaded."""
    return {"ready": True}


uvicorn.run(app, port=int(port), log_level="warning")
