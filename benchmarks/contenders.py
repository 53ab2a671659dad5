"""The ways to train that are compared: the tutorials' loop, the stock Trainer, finetune."""

from __future__ import annotations

import itertools
import tempfile
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from shapes import VOCABULARY
from torch.amp.grad_scaler import GradScaler
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    Trainer,
    TrainingArguments,
)

from finetune.batching import epoch_steps
from finetune.data.labels import LabelSet
from finetune.data.split import Split
from finetune.data.store import Ragged, Stored
from finetune.data.tokens import Encoded
from finetune.options import DataOptions, Settings, TrainingOptions
from finetune.tasks.classification import Classification
from finetune.tasks.tagging import Tagging
from finetune.training.compiling import Compiling
from finetune.training.device import choose_device
from finetune.training.memory import token_budget
from finetune.training.plan import make_plan
from finetune.training.step import Stepper, Work
from finetune.training.trial import set_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapes import Generated
    from turns import Contender

BATCH, RATE = 32, 5e-5
Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Setting:
    """What all contenders of one race share."""

    data: Generated
    size: dict[str, Any]
    device: str

    @property
    def amp(self) -> torch.dtype | None:
        """The format of the mixed precision."""
        return half_precision(self.device)

    def model(self) -> Any:  # noqa: ANN401 - either class
        """Make the model with random weights, the same for every contender."""
        torch.manual_seed(0)
        kind = BertForTokenClassification if self.data.shape.tagging else BertForSequenceClassification
        config = BertConfig(vocab_size=VOCABULARY, **{**self.size, "num_labels": self.data.shape.labels})
        model: Any = kind(config)
        return model.to(self.device).train()


def half_precision(device: str) -> torch.dtype | None:
    """Tell the format of mixed precision here: bf16 on a GPU; a CPU without bf16 instructions has none."""
    found = choose_device(0 if device == "cuda" else -1, "auto")
    return None if found.precision == "fp32" else found.dtype


def collate(data: Generated, index: list[int], width: int) -> Batch:
    """Pad rows to a width."""
    ids = torch.zeros(len(index), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, -100) if data.shape.tagging else torch.zeros(len(index), dtype=torch.long)
    for row, number in enumerate(index):
        tokens = data.ids[number]
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
        if data.shape.tagging:
            labels[row, : len(tokens)] = torch.tensor(data.labels[number])
        else:
            labels[row] = torch.tensor(data.labels[number])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def counted(one: Contender, batch: Batch) -> None:
    """Count a step by what its batch holds."""
    mask = batch["attention_mask"]
    one.step(len(mask), int(mask.sum()), mask.numel())


def tutorial(one: Contender, setting: Setting, *, amp: bool) -> None:
    """Train as the tutorials write it: one fixed width, no workers, plain AdamW, .item() each step."""
    data, model = setting.data, setting.model()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    scaler = GradScaler(setting.device, enabled=amp and setting.amp == torch.float16)
    loader: torch.utils.data.DataLoader[Any] = torch.utils.data.DataLoader(
        range(len(data.ids)),  # type: ignore[arg-type] # a range is a data set of numbers
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        collate_fn=lambda index: collate(data, index, data.shape.tutorial_length),
    )
    total = 0.0
    one.started()
    for batch in itertools.chain.from_iterable(itertools.repeat(loader)):
        moved = {name: value.to(setting.device) for name, value in batch.items()}
        with torch.autocast(setting.device, setting.amp, enabled=amp and setting.amp is not None):
            loss = model(**moved).loss
        optimiser.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        total += loss.item()
        counted(one, batch)


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Row numbers; the collator makes the batch. The lengths are for the Trainer's grouping."""

    def __init__(self, data: Generated) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data.ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"row": index, "input_ids": self.data.ids[index]}


class Noted(torch.utils.data.Sampler[int]):
    """The Trainer's sampler; what it draws is counted here: asking the GPU would wait for it at each step."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - any sampler
        self.inner = inner
        self.drawn: deque[int] = deque()

    def __iter__(self) -> Iterator[int]:
        for one in self.inner:
            self.drawn.append(one)
            yield one

    def __len__(self) -> int:
        return len(self.inner)


class Counting(Trainer):
    """The Trainer, counting the steps."""

    noted: Noted

    def _get_train_sampler(self, *more: Any) -> Any:  # noqa: ANN401 - as in Trainer
        self.noted = Noted(super()._get_train_sampler(*more))
        return self.noted

    def training_step(self, model: Any, inputs: Any, *more: Any) -> Any:  # noqa: ANN401 - as in Trainer
        """Train a step, and note how large it was."""
        out = super().training_step(model, inputs, *more)
        self.size = inputs["attention_mask"].shape
        return out

    def real_tokens(self, lengths: Any) -> int:  # noqa: ANN401 - a numpy array
        """Count the tokens of the last step without padding; rows are trained as they were drawn."""
        return int(sum(lengths[self.noted.drawn.popleft()] for _ in range(self.size[0])))

    def log(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as in Trainer
        """Say nothing."""


def stock(one: Contender, setting: Setting, *, tuned: bool) -> None:
    """Train with transformers' Trainer: dynamic padding; tuned: by length, fused, compiled, large batches."""
    from transformers import TrainerCallback  # noqa: PLC0415 - beside its only use

    data, model = setting.data, setting.model()

    class Count(TrainerCallback):
        """Counts after the optimiser's step."""

        def on_step_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as in TrainerCallback
            """Count."""
            one.step(trainer.size[0], trainer.real_tokens(data.lengths), trainer.size.numel())

    fast: dict[str, Any] = {
        "train_sampling_strategy": "group_by_length",
        "optim": "adamw_torch_fused",
        "torch_compile": setting.device == "cuda",
        "tf32": True if setting.device == "cuda" else None,
        "dataloader_num_workers": 2,
    }
    with tempfile.TemporaryDirectory() as folder:
        options = TrainingArguments(
            folder, per_device_train_batch_size=BATCH * (4 if tuned and setting.device == "cuda" else 1),
            learning_rate=RATE, max_steps=1_000_000, save_strategy="no", report_to=[],
            use_cpu=setting.device == "cpu", disable_tqdm=True, logging_strategy="no",
            bf16=setting.amp == torch.bfloat16, fp16=setting.amp == torch.float16,
            remove_unused_columns=False, **(fast if tuned else {}),
        )  # fmt: skip
        trainer = Counting(
            model, options, train_dataset=Rows(data), data_collator=partial(dynamic, data),
            callbacks=[Count()],
        )  # fmt: skip
        one.started()
        trainer.train()


def dynamic(data: Generated, rows: list[dict[str, Any]]) -> Batch:
    """Pad to the longest row of the batch."""
    index = [row["row"] for row in rows]
    return collate(data, index, int(data.lengths[index].max()))


def finetune(one: Contender, setting: Setting) -> None:
    """Train with finetune's defaults."""
    data = setting.data
    options = TrainingOptions(learning_rate=RATE, gpu_id=0 if setting.device == "cuda" else -1)
    device = choose_device(options.gpu_id, "auto")
    device.prepare()
    settings = Settings(DataOptions(data=Path("generated")), training=options)
    plan = make_plan(settings, len(data.ids))
    encoded = encode(data)
    stepper = Stepper(Work(task_of(data), setting.model(), encoded, options, plan, device, print))
    set_tokens(stepper, token_budget(device, None)[0])
    with tempfile.TemporaryDirectory() as folder:
        Compiling(stepper, Path(folder)).consider(1e9)  # as in a run that is long enough
    one.started()
    for epoch in itertools.count():
        for number, index in enumerate(epoch_steps(encoded.lengths, BATCH, (0, epoch))):
            stepper.step(number, index)
            lengths = encoded.lengths[index]
            one.step(len(index), int(lengths.sum()), computed(stepper, index))


def computed(stepper: Stepper, index: Any) -> int:  # noqa: ANN401 - a numpy array
    """Count the tokens that went through the model for a step, padding included."""
    return sum(len(part) * int(stepper.widths(part).max()) for part in stepper.parts(index))


def encode(data: Generated) -> Encoded:
    """Hold the generated rows as a tokenised split."""
    kind = pa.list_(pa.int32()) if data.shape.tagging else pa.int32()
    numbers = np.arange(len(data.ids))
    table = pa.table(
        {
            "input_ids": pa.array(data.ids, pa.list_(pa.int32())),
            "labels": pa.array(data.labels, kind),
            "row": pa.array(numbers),
        }
    )
    held = Stored(table, {"truncated": 0, "problems": []}, fresh=True)
    return Encoded(Split("train", held, numbers), held, Ragged(table["input_ids"]), data.lengths, numbers)


def task_of(data: Generated) -> Classification | Tagging:
    """Set up the task for the generated labels."""
    if data.shape.tagging:
        kinds = tuple(f"T{n}" for n in range((data.shape.labels - 1) // 2))
        return Tagging(
            LabelSet(kinds), max_length=data.shape.max_length, mean_words=float(data.lengths.mean())
        )
    names = tuple(f"class {n}" for n in range(data.shape.labels))
    return Classification(LabelSet(names), max_length=data.shape.max_length)
