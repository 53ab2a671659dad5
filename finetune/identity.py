"""Knows an encoder again by its contents: a folder of the same name may hold another one by now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from finetune.data.store import file_fingerprint, fingerprint
from finetune.data.tokens import tokenizer_key
from finetune.encoders import read_config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WRITTEN_BY = {"_name_or_path", "transformers_version"}  # who wrote a configuration, not what it says


def encoder_prints(folder: str, tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """Hash what makes an encoder; its tokenizer is as loaded, since reading texts changes its settings."""
    path = Path(folder)
    config = {name: value for name, value in read_config(path).items() if name not in WRITTEN_BY}
    return {
        "configuration": fingerprint(config),
        "tokenizer": tokenizer_key(tokenizer),
        "weights": file_fingerprint(sorted(path.glob("*.safetensors")), path),
    }
