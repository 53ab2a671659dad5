"""Runs an exported model with onnxruntime, tokenizers and numpy, without torch and transformers."""

from finetune.runtime.engine import Runtime, load

__all__ = ["Runtime", "load"]
