"""Accuracy and speed on Chinese news titles: the tutorials' loop, the stock Trainer, finetune, in one run.

The contenders take turns of 25 steps in one process, so that a busy machine slows all of them alike; a
contender's clock runs only in its turns. Same encoder, rows, epochs and learning rate for all.

    python benchmarks/accuracy_news.py --data FOLDER --encoder FOLDER --rows 30000 --seeds 1
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import (
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from finetune.batching import epoch_steps
from finetune.encoders import quiet
from finetune.folder import describe
from finetune.options import DataOptions, ModelOptions, Settings, TrainingOptions
from finetune.pipeline import Prepared, prepare
from finetune.tasks.classification import RECIPE
from finetune.training.device import choose_device, token_budget
from finetune.training.evaluation import predict_logits
from finetune.training.plan import make_plan
from finetune.training.step import Stepper, Work

if TYPE_CHECKING:
    from collections.abc import Callable

TURN = 25
RATE, BATCH, TUTORIAL_LENGTH = 5e-5, 32, 32


@dataclass(eq=False)
class Contender:
    """One way to train: takes its turns, and keeps the time that it took in them."""

    name: str
    steps: int = 0
    seconds: float = 0.0
    began: float = 0.0
    go: threading.Event = field(default_factory=threading.Event)
    back: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    accuracy: float = 0.0

    def step(self) -> None:
        """Count a step; hand over after a turn."""
        self.steps += 1
        if self.steps % TURN == 0:
            self.seconds += time.perf_counter() - self.began
            self.back.set()
            self.go.wait()
            self.go.clear()
            self.began = time.perf_counter()


def turns(contenders: dict[Contender, Callable[[Contender], None]]) -> None:
    """Run every contender in a thread of its own, one at a time."""
    for one, work in contenders.items():
        threading.Thread(target=in_turns, args=(one, work), daemon=True).start()
    while any(not one.done for one in contenders):
        for one in contenders:
            if not one.done:
                one.back.clear()
                one.go.set()
                one.back.wait()


def in_turns(one: Contender, work: Callable[[Contender], None]) -> None:
    """Wait for the first turn, work, and give the turn back for good."""
    one.go.wait()
    one.go.clear()
    one.began = time.perf_counter()
    try:
        work(one)
    finally:
        one.done = True
        one.back.set()


def finish(one: Contender, model: Any, ready: Prepared, precision: str) -> None:  # noqa: ANN401 - any model
    """Stop the clock and measure the test rows."""
    one.seconds += time.perf_counter() - one.began
    logits = predict_logits(model, ready.encoded["test"], choose_device(-1, precision), 8192)
    one.accuracy = ready.task.metrics(logits, ready.encoded["test"])["accuracy"]
    print(f"{one.name}: {one.accuracy:.4f}, {one.seconds:.0f} s", flush=True)


def fresh_model(ready: Prepared, seed: int) -> Any:  # noqa: ANN401 - any model
    """Load the encoder with a new head."""
    torch.manual_seed(seed)
    return ready.task.build(ready.encoder, "auto")


def tutorial(one: Contender, ready: Prepared, seed: int) -> None:
    """Train as the tutorials write it: fp32, padded to one length, a plain AdamW, .item() each step."""
    train = ready.encoded["train"]
    tokens = ready.tokenizer(
        train.split.texts(),
        padding="max_length",
        truncation=True,
        max_length=TUTORIAL_LENGTH,
        return_tensors="pt",
    )
    labels = torch.from_numpy(train.numbers)
    rows = torch.utils.data.TensorDataset(tokens["input_ids"], tokens["attention_mask"], labels)
    loader = torch.utils.data.DataLoader(rows, batch_size=BATCH, shuffle=True)
    model = fresh_model(ready, seed).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    total = 0.0
    one.began = time.perf_counter()
    for ids, mask, label in loader:
        loss = model(input_ids=ids, attention_mask=mask, labels=label).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
        one.step()
    finish(one, model, ready, "fp32")


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """The tokenised rows as the stock Trainer wants them."""

    def __init__(self, ready: Prepared) -> None:
        self.train = ready.encoded["train"]

    def __len__(self) -> int:
        return len(self.train)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.train.input_ids[index].tolist(), "labels": int(self.train.numbers[index])}


class Turns(TrainerCallback):
    """Counts the Trainer's steps."""

    def __init__(self, one: Contender) -> None:
        self.one = one

    def on_step_end(self, *_: object, **__: object) -> None:
        """Count."""
        self.one.step()


def stock_trainer(one: Contender, ready: Prepared, seed: int) -> None:
    """Train with transformers' Trainer as it comes, dynamic padding."""
    model = fresh_model(ready, seed)
    with tempfile.TemporaryDirectory() as folder:
        options = TrainingArguments(
            folder, per_device_train_batch_size=BATCH, learning_rate=RATE, num_train_epochs=1, seed=seed,
            save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True, logging_strategy="no",
        )  # fmt: skip
        collator = DataCollatorWithPadding(ready.tokenizer)
        trainer = Trainer(
            model, options, train_dataset=Rows(ready), data_collator=collator, callbacks=[Turns(one)]
        )
        one.began = time.perf_counter()
        trainer.train()
    finish(one, model, ready, "fp32")


def ours(one: Contender, ready: Prepared, seed: int) -> None:
    """Train with finetune's steps and defaults."""
    options = TrainingOptions(num_train_epochs=1, seed=seed, gpu_id=-1)
    device = choose_device(-1, "auto")
    settings = Settings(DataOptions(data=Path()), training=options)
    plan = make_plan(settings, len(ready.encoded["train"]), token_budget(device, None)[0])
    model = fresh_model(ready, seed).train()
    stepper = Stepper(Work(ready.task, model, ready.encoded["train"], options, plan, device, print))
    one.began = time.perf_counter()
    for number, index in enumerate(epoch_steps(ready.encoded["train"].lengths, BATCH, seed, 0)):
        stepper.step(number, index)
        one.step()
    finish(one, model, ready, "auto")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run all seeds and collect the rows of the record."""
    data = DataOptions(data=arguments.data, max_rows=arguments.rows, max_seq_length=64)
    model = ModelOptions(model_name_or_path=str(arguments.encoder))
    rows: list[dict[str, Any]] = []
    for seed in range(arguments.seeds):
        settings = Settings(data, model, TrainingOptions(seed=seed))
        ready = prepare(settings, RECIPE, lambda line: print(line, flush=True))
        works = {"tutorial": tutorial, "trainer": stock_trainer, "finetune": ours}
        contenders: dict[Contender, Callable[[Contender], None]] = {
            Contender(name): partial(work, ready=ready, seed=seed) for name, work in works.items()
        }
        turns(contenders)
        rows += [row(one, seed, len(ready.encoded["train"])) for one in contenders]
    return record(rows, settings)


def row(one: Contender, seed: int, texts: int) -> dict[str, Any]:
    """Write a contender's result."""
    speed = texts / one.seconds
    return {"contender": one.name, "seed": seed, "test_accuracy": one.accuracy, "texts_per_second": speed}


def record(rows: list[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """Put versions, machine and command beside the figures."""
    facts = describe("classify", settings, {})
    mean = {
        name: float(np.mean([one["texts_per_second"] for one in rows if one["contender"] == name]))
        for name in ("tutorial", "trainer", "finetune")
    }
    return {
        "benchmark": "accuracy-news",
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "device": "cpu",
        "machine": facts["machine"],
        "versions": facts["versions"],
        "command": "python benchmarks/" + " ".join([Path(sys.argv[0]).name, *map(bare, sys.argv[1:])]),
        "rows": rows,
        "speed_over_tutorial": mean["finetune"] / mean["tutorial"],
        "speed_over_trainer": mean["finetune"] / mean["trainer"],
    }


def bare(argument: str) -> str:
    """Leave this machine's folders out of the record."""
    return Path(argument).name if "/" in argument else argument


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with train.txt, dev.txt, test.txt, class.txt"
    )
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--rows", type=int, default=30_000, help="training rows")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from 0")
    parser.add_argument("--output", type=Path, required=True, help="the JSON file to write")
    return parser.parse_args()


if __name__ == "__main__":
    chosen = parse()
    with quiet():
        found = run(chosen)
    chosen.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
