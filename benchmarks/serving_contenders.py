"""What benchmarks/serving.py measures: services, the models behind them, the texts."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from finetune import runtime
from finetune.commands.predict import texts_of
from finetune.data.plain import PLAIN
from finetune.demo import titles, write_encoder
from finetune.errors import RequestError
from finetune.layout import FACTS, ONNX
from finetune.options import DataOptions
from finetune.predict import Predictor
from finetune.runtime.session import provider

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Answer = Callable[[Sequence[str]], object]

HERE = Path(__file__).resolve().parent
PORT = 8765
TEXTS = 2000
LONGEST = 128


@dataclass(frozen=True)
class Contender:
    """A service and the command that starts it."""

    name: str
    command: list[str]


@dataclass(frozen=True)
class Setting:
    """What differs between a CPU and a GPU; generators are processes that send: one cannot fill a GPU."""

    formats: dict[str, str]
    clients: tuple[int, ...]
    generators: int
    gpu_id: int


SETTINGS = {
    "cpu": Setting({"onnx": "fp32", "onnx-int8": "int8"}, (1, 8, 64), 1, -1),
    "cuda": Setting({"onnx-fp16": "onnx fp16"}, (1, 64, 512), 4, 0),
}


@dataclass(frozen=True)
class Field:
    """Everything that takes part: the model, its exports by format, the device."""

    model: Path
    exports: dict[str, Path]
    device: str

    @property
    def setting(self) -> Setting:
        """What the device asks for."""
        return SETTINGS[self.device]

    def contenders(self) -> list[Contender]:
        """List the services; the last one is pressed where overload is measured."""
        tutorial = [sys.executable, str(HERE / "serving_tutorial.py"), str(self.model), str(PORT)]
        ours = [sys.executable, "-m", "finetune", "serve", "--port", str(PORT), "--watch-seconds", "0"]
        ours += ["--gpu-id", str(self.setting.gpu_id)]
        torch = {"torch": "off", "torch, compiled": "on"} if self.device == "cuda" else {}
        return [
            Contender("tutorial, padded to 128", [*tutorial, "max_length", self.device]),
            Contender("tutorial, not padded", [*tutorial, "longest", self.device]),
            *(
                Contender(name, [*ours, f"bench={self.model}", "--torch-compile", how])
                for name, how in torch.items()
            ),
            *(
                Contender(self.setting.formats[form], [*ours, f"bench={folder}"])
                for form, folder in self.exports.items()
            ),
        ]

    def engines(self) -> dict[str, tuple[str, Answer]]:
        """Open what answers in one offline run, by the name of its service, with its own name."""
        place = "cpu" if self.device == "cpu" else "cuda:0"
        found: dict[str, tuple[str, Answer]] = {}
        if self.device == "cuda":
            predictor = Predictor(self.model, self.setting.gpu_id)
            found["torch"] = ("torch", lambda texts: list(predictor.answers(texts)))
        for form, folder in self.exports.items():
            found[self.setting.formats[form]] = (form, runtime.load(folder, device=place))
        return found


def field(model: Path, folder: Path, device: str) -> Field:
    """Export to each format that is not there yet; leave out what cannot run here, saying why."""
    exports = {}
    for form in SETTINGS[device].formats:
        try:
            if device == "cuda":
                provider(device)
            if not (folder / form / ONNX).is_file():
                command = [sys.executable, "-m", "finetune", "export", str(model), "--format", form]
                subprocess.run([*command, "--output-dir", str(folder / form)], check=True)
            runtime.load(folder / form, device=device)
        except RequestError as error:
            print(f"left out   {form}: {error}")
            continue
        exports[form] = folder / form
    return Field(model, exports, device)


def base_shape(folder: Path) -> Path:
    """Write a BERT-base whose weights nobody trained."""
    write_encoder(folder, [text for text, _ in titles()])
    from transformers import BertConfig, BertForSequenceClassification  # noqa: PLC0415 - seconds

    names = [f"class {number}" for number in range(10)]
    config = BertConfig(vocab_size=21128, id2label=dict(enumerate(names)))
    BertForSequenceClassification(config).save_pretrained(folder)
    facts = {"task": "classify", "labels": names, "max_seq_length": LONGEST, "numbered": False}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    return folder


def made_texts(tokens: int | None) -> list[str]:
    """Put titles together, of whose characters each is a token.

    Without a number of tokens lengths are mixed: half of them are single titles, few near 128.
    """
    generator = np.random.default_rng(7)
    pool = [text for text, _ in titles()]
    if tokens is not None:
        return ["，".join(generator.choice(pool, tokens))[: tokens - 2] for _ in range(TEXTS)]
    sizes = np.clip(generator.lognormal(0.3, 0.8, TEXTS).round(), 1, 10).astype(int)
    return ["，".join(generator.choice(pool, size)) for size in sizes]


def read_texts(path: Path, rows: int = TEXTS, seed: int = 7) -> list[str]:
    """Take some of the user's texts, drawn by the seed."""
    found = list(texts_of(PLAIN.open(path, DataOptions(data=path)).rows()))
    return [found[at] for at in np.random.default_rng(seed).permutation(len(found))[:rows]]
