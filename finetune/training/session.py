"""One training session: model, plan and loop, then the best checkpoint measured and written out."""

from __future__ import annotations

import dataclasses
import signal
import threading
from typing import TYPE_CHECKING, Any, Self

from finetune.data.store import default_cache
from finetune.layout import FACTS
from finetune.pretrained import quiet, sees_padding, set_padding
from finetune.report.balance import balance_sections
from finetune.report.card import model_card
from finetune.report.write import Findings, write_report
from finetune.tasks.base import HEAD
from finetune.training.checkpoint import DAMAGE, Checkpoints, State
from finetune.training.compiling import Compiling
from finetune.training.device import choose_device, hidden_gpu, strays
from finetune.training.estimate import choose_tokens, estimate_fixed, with_texts
from finetune.training.evaluation import predict_logits
from finetune.training.loop import Loop, Surroundings
from finetune.training.optimiser import freeze
from finetune.training.plan import make_plan, start_lines
from finetune.training.scalars import Scalars
from finetune.training.seeding import seed_everything
from finetune.training.step import Stepper, Work
from finetune.training.trial import most_at_once, seconds_ahead, set_tokens
from finetune.wording import clock
from finetune.writing import write_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from transformers import PreTrainedModel

    from finetune.folder import RunFolder
    from finetune.options import Settings
    from finetune.tasks.base import Prepared
    from finetune.training.distributed import World


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


def run_session(
    settings: Settings, ready: Prepared, folder: RunFolder, say: Callable[[str], None], world: World
) -> dict[str, Any]:
    """Train to the end, then measure, save and report."""
    training = settings.training
    device = choose_device(world.gpu(training.gpu_id), training.precision)
    device.prepare()
    world.agree(f"{device.device.type} {device.precision}")
    world = world.on(device.device)
    plan = make_plan(settings, len(ready.encoded["train"]), world.size)
    for line in start_lines(settings, plan, device, world.size):
        say(line)
    seed_everything(training.seed, deterministic=training.deterministic)
    model = ready.task.build(ready.encoder, settings.model.attn_implementation)
    set_padding(model, ready.tokenizer)
    work = Work(ready.task, model, ready.encoded["train"], training, plan, device, say, world)
    stepper = started(work)
    checkpoints = Checkpoints(folder.checkpoints, settings.run.save_total_limit)
    events = folder.path / "tensorboard" if world.leads else None
    with Scalars(events) as scalars, StopSignal() as stop:
        around = Surroundings(
            ready.encoded["validation"], settings.run, checkpoints, scalars, say, lambda: stop.asked
        )
        loop = Loop(stepper, around, Compiling(stepper, settings.data.cache_dir or default_cache()))
        loop.resume()
        restore_best(model, checkpoints, loop.run(), say)
        return conclude(work, ready, folder, loop)


def started(work: Work) -> Stepper:
    """Put the model on its device once it is known to fit, the same in every process."""
    model, device, say = work.model, work.device, work.say
    frozen = freeze(model, work.options.freeze_layers)
    if frozen:
        say(f"frozen     {frozen}")
    fixed = estimate_fixed(model, device, work.world.local_size)
    fixed.check()
    work.world.any(holds=False)  # else those whose GPU has room would wait for one that has none
    model.to(device.device)  # type: ignore[arg-type] # the wrapper of transformers hides the signature
    model.train()
    work.world.spread(value.data for value in [*model.parameters(), *model.buffers()])
    stepper = Stepper(work)
    found = with_texts(fixed, stepper.forward, work.train.lengths)
    found.check()
    tokens, why = choose_tokens(found, device, work.options.max_tokens)
    set_tokens(stepper, tokens)
    say(found.line(most_at_once(stepper)))
    say(f"           at most {stepper.max_tokens:,} tokens at once ({why})")
    ahead = clock(seconds_ahead(stepper))
    say(f"time       about {ahead} for all {work.plan.total_steps:,} steps, from one batch")
    for warning in (hidden_gpu(device), strays(model, device), sees_padding(model)):
        if warning:
            say(f"warning    {warning}")
    return stepper


def restore_best(
    model: PreTrainedModel, checkpoints: Checkpoints, state: State, say: Callable[[str], None]
) -> None:
    """Put the weights of the best evaluation back; where they are damaged, the last ones stay."""
    if state.best_step is None or state.best_step == state.step:
        return
    try:
        model.load_state_dict(checkpoints.load(state.best_step)[1]["model"], strict=False)
    except DAMAGE as error:
        say(
            f"warning    the best checkpoint, of step {state.best_step}, is damaged ({error}): "
            f"the model is that of step {state.step}"
        )
        state.best_step = state.step


def conclude(work: Work, ready: Prepared, folder: RunFolder, loop: Loop) -> dict[str, Any]:
    """Run the finished model over what it is measured on: together; then rank 0 writes what came out."""
    names: list[str] = [name for name in ("validation", "test") if name in ready.encoded]
    most, view = loop.stepper.max_tokens, work.task.view
    logits = {
        name: predict_logits(work.model, view(ready.encoded[name]), work.device, most, work.world)
        for name in names
    }
    return work.world.first(lambda: write_results(logits, ready, folder, loop))


def write_results(logits: dict[str, Any], ready: Prepared, folder: RunFolder, loop: Loop) -> dict[str, Any]:
    """Measure, write model and report, then the metrics: they mark the run as finished."""
    results: dict[str, Any] = {}
    work = loop.stepper.work
    judged, sections, task = "", [], work.task
    for judged, found in logits.items():
        encoded = ready.encoded[judged]
        if judged == "validation":
            task = task.tuned(found, encoded)
        results[judged] = task.metrics(found, encoded)
        sections = task.sections(found, encoded)
    metrics = {**results, "training": training_facts(work, loop.state)}
    config = folder.read("config.json") or {}
    card = model_card({**config, "pipeline_tag": work.task.pipeline_tag}, metrics)
    ready = dataclasses.replace(ready, task=task)
    write_folder(folder.model, lambda path: save_model(work.model, ready, card, path))
    data = balance_sections(ready.corpus, task.shape)
    write_report(folder, Findings(metrics, sections, judged, loop.state, loop.metric, config, data))
    folder.write("metrics.json", metrics)
    loop.around.scalars.write("test", results.get("test", {}), loop.state.step)  # last: so they stand once
    return metrics


def training_facts(work: Work, state: State) -> dict[str, Any]:
    """Collect what was done and how fast."""
    return {
        "steps": state.step,
        "best_step": state.best_step,
        "stopped_early": state.stopped_early,
        "texts": round(state.texts),
        "seconds": state.seconds,
        "texts_per_second": state.texts / max(1e-9, state.seconds),
        "tokens_per_second": state.tokens / max(1e-9, state.seconds),
        "device": f"{work.device.device} {work.device.precision}",
        "processes": work.world.size,
    }


def save_model(model: PreTrainedModel, ready: Prepared, card: str, path: Path) -> None:
    """Write weights, tokenizer, model card and what prediction must know."""
    state = {name: value for name, value in model.state_dict().items() if not name.startswith(f"{HEAD}.")}
    with quiet():
        model.save_pretrained(path, state_dict=state)
    ready.task.save_head(model, path)
    ready.tokenizer.save_pretrained(path)
    facts = {"task": ready.task.name, "labels": list(ready.task.labels.names), **ready.task.saved()}
    write_json(path / FACTS, facts)
    (path / "README.md").write_text(card, encoding="utf-8")
