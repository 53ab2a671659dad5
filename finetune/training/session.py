"""One training session: model, plan and loop, then the best checkpoint measured and written out."""

from __future__ import annotations

import dataclasses
import json
import random
import signal
import threading
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from finetune.encoders import quiet
from finetune.folder import write_folder
from finetune.report.balance import balance_sections
from finetune.report.card import model_card
from finetune.report.write import Findings, write_report
from finetune.tasks.base import HEAD
from finetune.training.checkpoint import Checkpoints, State
from finetune.training.device import choose_device, token_budget
from finetune.training.evaluation import predict_logits
from finetune.training.loop import Loop, Surroundings
from finetune.training.plan import make_plan, start_lines
from finetune.training.scalars import Scalars
from finetune.training.step import Stepper, Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from transformers import PreTrainedModel

    from finetune.folder import RunFolder
    from finetune.options import Settings
    from finetune.pipeline import Prepared


class StopSignal:
    """Turns the first Ctrl-C or SIGTERM into a question that the loop asks; the second interrupts at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        here = threading.current_thread() is threading.main_thread()  # elsewhere Python allows no handlers
        for one in (signal.SIGINT, signal.SIGTERM) if here else ():
            self._before[one] = signal.signal(one, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        self._before.clear()


def seed_everything(seed: int, *, deterministic: bool) -> None:
    """Seed what draws random numbers, and choose repeatable kernels if wanted."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - third-party code may draw from the global generator
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(deterministic)


def run_session(
    settings: Settings, ready: Prepared, folder: RunFolder, say: Callable[[str], None]
) -> dict[str, Any]:
    """Train to the end, then measure, save and report."""
    device = choose_device(settings.training.gpu_id, settings.training.precision)
    budget, why = token_budget(device, settings.training.max_tokens)
    plan = make_plan(settings, len(ready.encoded["train"]), budget)
    for line in start_lines(settings, plan, device, why):
        say(line)
    seed_everything(settings.training.seed, deterministic=settings.training.deterministic)
    model = ready.task.build(ready.encoder, settings.model.attn_implementation)
    model.to(device.device)  # type: ignore[arg-type] # the wrapper of transformers hides the signature
    work = Work(ready.task, model, ready.encoded["train"], settings.training, plan, device, say)
    checkpoints = Checkpoints(folder.checkpoints, settings.run.save_total_limit)
    resumed_at = (checkpoints.steps() or [0])[-1]
    with Scalars(folder.path / "tensorboard", resumed_at) as scalars, StopSignal() as stop:
        around = Surroundings(
            ready.encoded["validation"], settings.run, checkpoints, scalars, say, lambda: stop.asked
        )
        loop = Loop(Stepper(work), around)
        loop.resume()
        restore_best(model, checkpoints, loop.run())
        return conclude(work, ready, folder, loop)


def restore_best(model: PreTrainedModel, checkpoints: Checkpoints, state: State) -> None:
    """Put the weights of the best evaluation back."""
    if state.best_step is not None and state.best_step != state.step:
        model.load_state_dict(checkpoints.load(state.best_step)[1]["model"], strict=False)


def conclude(work: Work, ready: Prepared, folder: RunFolder, loop: Loop) -> dict[str, Any]:
    """Measure the finished model, write report and model, then the metrics: they mark the run as finished."""
    results: dict[str, Any] = {}
    judged, sections, task = "", [], work.task
    for judged in [name for name in ("validation", "test") if name in ready.encoded]:
        encoded = ready.encoded[judged]
        logits = predict_logits(work.model, task.view(encoded), work.device, work.plan.max_tokens)
        if judged == "validation":
            task = task.tuned(logits, encoded)
        results[judged] = task.metrics(logits, encoded)
        sections = task.sections(logits, encoded)
    loop.around.scalars.write("test", results.get("test", {}), loop.state.step)
    metrics = {**results, "training": training_facts(work, loop.state)}
    config = folder.read("config.json") or {}
    data = balance_sections(ready.corpus, task.shape)
    write_report(folder, Findings(metrics, sections, judged, loop.state, loop.metric, config, data))
    card = model_card({**config, "pipeline_tag": work.task.pipeline_tag}, metrics)
    ready = dataclasses.replace(ready, task=task)
    write_folder(folder.model, lambda path: save_model(work.model, ready, card, path))
    folder.write("metrics.json", metrics)
    return metrics


def training_facts(work: Work, state: State) -> dict[str, Any]:
    """Collect what was done and how fast."""
    return {
        "steps": state.step,
        "best_step": state.best_step,
        "stopped_early": state.stopped_early,
        "texts": state.texts,
        "seconds": state.seconds,
        "texts_per_second": state.texts / max(1e-9, state.seconds),
        "device": f"{work.device.device} {work.device.precision}",
    }


def save_model(model: PreTrainedModel, ready: Prepared, card: str, path: Path) -> None:
    """Write weights, tokenizer, model card and what prediction must know."""
    state = {name: value for name, value in model.state_dict().items() if not name.startswith(f"{HEAD}.")}
    with quiet():
        model.save_pretrained(path, state_dict=state)
    ready.task.save_head(model, path)
    ready.tokenizer.save_pretrained(path)
    facts = {"task": ready.task.name, "labels": list(ready.task.labels.names), **ready.task.saved()}
    (path / "finetune.json").write_text(
        json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    (path / "README.md").write_text(card, encoding="utf-8")
