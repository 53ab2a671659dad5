"""An encoder whose tokenizer works on bytes, as RoBERTa's: " xyz" begins a word, "xyz" ends one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import RobertaConfig, RobertaForMaskedLM

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": "<mask>"}
SIZE: dict[str, Any] = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def write_bytes_encoder(folder: Path, kind: str = "RobertaTokenizer") -> Path:
    """Write it with random weights; kind is the class that its tokenizer is loaded as."""
    folder.mkdir()
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    learner = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(NAMES.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(["abc xyz Paris won in London"] * 9, learner)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    made.save(str(folder / "tokenizer.json"))
    facts = {f"{name}_token": token for name, token in NAMES.items()}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind, **facts}))
    config = RobertaConfig(vocab_size=400, max_position_embeddings=66, pad_token_id=1, hidden_size=16, **SIZE)
    RobertaForMaskedLM(config).save_pretrained(folder)
    return folder
