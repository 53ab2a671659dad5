"""Writes checkpoints that appear whole or not at all, keeps the newest few, and reads the newest sound one.

Everything is safetensors and JSON: no pickle is ever written or read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from finetune.data.store import fingerprint
from finetune.errors import TrainingError
from finetune.writing import flush

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

Tensors = dict[str, torch.Tensor]
DAMAGED = ".damaged-"  # what the name of one begins with that was passed over
DAMAGE = (OSError, ValueError, KeyError, TypeError, SafetensorError)  # what load() of a damaged one raises


@dataclass
class State:
    """How far training got; with weights and optimiser all that a resume needs (see seeding.py)."""

    step: int = 0
    best_step: int | None = None
    best_value: float = float("-inf")
    best_loss: float = float("inf")
    worse_evaluations: int = 0
    stopped_early: bool = False
    seconds: float = 0.0
    texts: float = 0.0
    tokens: int = 0
    losses: list[dict[str, float]] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)


def weights_of(model: nn.Module) -> Tensors:
    """Name every weight once: tied ones occur under their first name."""
    named = [*model.named_parameters(), *model.named_buffers()]
    kept = set(model.state_dict())
    return {name: value.detach().contiguous() for name, value in named if name in kept}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """Flatten the optimiser's state: parameter 3's first moment is '3.exp_avg'."""
    state = optimiser.state_dict()["state"]
    return {f"{number}.{name}": value for number, entry in state.items() for name, value in entry.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Undo optimiser_tensors."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run."""

    folder: Path
    keep: int

    def path(self, step: int) -> Path:
        """Name the folder of a step so that names sort by step."""
        return self.folder / f"step-{step:08d}"

    def steps(self) -> list[int]:
        """List the steps that have a checkpoint, oldest first."""
        return sorted(int(one.name[5:]) for one in self.folder.glob("step-*") if one.name[5:].isdecimal())

    def save(self, state: State, parts: dict[str, Tensors]) -> None:
        """Write beside the place, flush to the disk, rename; then drop what is older than wanted."""
        work = self.folder / f".writing-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for left in [*self.folder.glob(".writing-*"), *self.folder.glob(f"{DAMAGED}*")]:
                shutil.rmtree(left)
            work.mkdir()
            write_parts(work, state, parts)
            shutil.rmtree(self.path(state.step), ignore_errors=True)
            work.rename(self.path(state.step))
            flush(self.folder)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(work, ignore_errors=True)
            raise TrainingError(
                f"{self.folder}: the checkpoint of step {state.step} cannot be written ({error}); free some "
                "disk space, then start the same command again: it goes on from the checkpoint before"
            ) from None
        self.rotate(state)

    def rotate(self, state: State) -> None:
        """Delete the oldest ones, never the best, and newer ones: they were found damaged."""
        kept = [step for step in self.steps() if step <= state.step][-self.keep :]
        for step in self.steps():
            if step not in kept and step != state.best_step:
                shutil.rmtree(self.path(step))

    def newest(self, say: Callable[[str], None]) -> tuple[State, dict[str, Tensors]] | None:
        """Read the newest checkpoint that is sound; one that is damaged is named and passed over."""
        for step in reversed(self.steps()):
            try:
                return self.load(step)
            except DAMAGE as error:
                say(f"checkpoint {self.path(step).name} is damaged ({error}): falling back to the one before")
        if self.steps():
            say("no sound checkpoint is left: training starts anew")
        return None

    def set_aside(self, newer_than: int) -> None:
        """Take away what was passed over as damaged; the next save deletes it."""
        for step in self.steps():
            if step > newer_than:
                aside = self.folder / f"{DAMAGED}{self.path(step).name}"
                shutil.rmtree(aside, ignore_errors=True)
                self.path(step).rename(aside)

    def load(self, step: int) -> tuple[State, dict[str, Tensors]]:
        """Read one checkpoint and compare it with the digests written beside it."""
        folder = self.path(step)
        noted: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        for name, digest in noted["digests"].items():
            if digest_of(folder / f"{name}.safetensors") != digest:
                raise ValueError(f"{name}.safetensors is not what was written")
        if noted.get("digest") not in {None, noted_digest(noted)}:  # earlier versions noted none
            raise ValueError("state.json is not what was written")
        state = State(**noted["state"])
        if state.step != step:
            raise ValueError(f"its state is that of step {state.step}")
        return state, {name: load_file(folder / f"{name}.safetensors") for name in noted["digests"]}


def write_parts(folder: Path, state: State, parts: dict[str, Tensors]) -> None:
    """Write tensors and state, each flushed to the disk before the next."""
    digests = {}
    for name, tensors in parts.items():
        path = folder / f"{name}.safetensors"
        save_file({key: value.contiguous() for key, value in tensors.items()}, path)
        flush(path)
        digests[name] = digest_of(path)
    path = folder / "state.json"
    noted = {"state": dataclasses.asdict(state), "digests": digests}
    path.write_text(json.dumps({**noted, "digest": noted_digest(noted)}), encoding="utf-8")
    flush(path)


def noted_digest(noted: dict[str, Any]) -> str:
    """Hash what state.json says besides its own digest."""
    return fingerprint(noted["state"], noted["digests"])


def digest_of(path: Path) -> str:
    """Hash a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
