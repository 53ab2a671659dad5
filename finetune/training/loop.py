"""The training loop: when to step, log, evaluate, save and stop. All that a resume needs is in its State."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.batching import epoch_steps
from finetune.errors import RequestError, TrainingError
from finetune.options import require
from finetune.tasks.base import LOWER_IS_BETTER
from finetune.training.checkpoint import Checkpoints, State
from finetune.training.evaluation import predict_logits
from finetune.training.meter import Meter
from finetune.training.progress import Progress
from finetune.wording import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finetune.data.tokens import Encoded
    from finetune.options import RunOptions
    from finetune.tasks.base import Metrics
    from finetune.training.compiling import Compiling
    from finetune.training.scalars import Scalars
    from finetune.training.step import Stepper


SLOW_SHARE = 0.3
TIMED_STEPS = 20


@dataclass(frozen=True)
class Surroundings:
    """What the loop uses besides the stepper."""

    validation: Encoded
    options: RunOptions
    checkpoints: Checkpoints
    scalars: Scalars
    say: Callable[[str], None]
    stop_asked: Callable[[], bool]


class Loop:
    """Trains from the state that it is in to the end of the plan."""

    progress: Progress
    meter: Meter

    def __init__(self, stepper: Stepper, around: Surroundings, compiling: Compiling) -> None:
        self.stepper, self.around, self.compiling = stepper, around, compiling
        self.plan = stepper.work.plan
        self.state = State()
        task = stepper.work.task
        self.metric = around.options.metric_for_best_model or task.main_metric
        accepted = ", ".join(task.metric_names)
        require(
            self.metric in task.metric_names, f"--metric-for-best-model {self.metric}: accepted: {accepted}"
        )
        self.world = stepper.work.world
        self.warned = False

    def resume(self) -> None:
        """Go on from the newest sound checkpoint, if there is one: the same one in every process."""
        found = self.around.checkpoints.newest(self.around.say)
        step = found[0].step if found else 0
        if self.world.any(step != self.world.first(lambda: step)):
            raise RequestError(
                f"{self.around.checkpoints.folder}: not every process sees the same checkpoints; put "
                "--output-dir on storage that all nodes share"
            )
        if found is not None:
            self.state, parts = found
            self.stepper.restore(parts)
            self.world.first(lambda: self.around.checkpoints.set_aside(step))
            self.around.say(f"resuming at step {self.state.step} of {self.plan.total_steps}")
        self.around.scalars.begin(self.state.step)

    def run(self) -> State:
        """Train until the plan is fulfilled or early stopping ends it."""
        self.stepper.work.model.train()
        self.compiling.at_start()
        self.progress = Progress(self.plan.total_steps, self.state.step, speaks=self.world.leads)
        self.meter = Meter(self.state, self.stepper.work.train)
        while not self.finished():
            epoch, at = divmod(self.state.step, self.plan.steps_per_epoch)
            seed = self.stepper.work.options.seed
            lengths, plan = self.stepper.work.train.lengths, self.plan
            for index in epoch_steps(lengths, plan.batch_size, (seed, epoch), at, plan.pieces):
                self.stepper.step(self.state.step, index)
                self.state.step += 1
                self.progress.step(self.meter.count(index), self.note(epoch))
                self.tell_time()
                self.after_step()
                if self.finished():
                    break
        return self.state

    def finished(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.state.step >= self.plan.total_steps or self.state.stopped_early

    def note(self, epoch: int) -> str:
        """Say where training is, for the progress line."""
        epochs = math.ceil(self.plan.total_steps / self.plan.steps_per_epoch)
        loss = f"loss {self.state.losses[-1]['loss']:.4f}" if self.state.losses else "loss …"
        return f"epoch {epoch + 1}/{epochs}  {loss}  rate {self.stepper.rate:.2e}"

    def after_step(self) -> None:
        """Do what is due after this step."""
        step, plan, last = self.state.step, self.plan, self.state.step >= self.plan.total_steps
        stop = self.world.any(self.around.stop_asked())
        if step % plan.logging_steps == 0 or last:
            self.log()
        if step % plan.eval_steps == 0 or last:
            with self.paused():
                self.evaluate()
        due = step % plan.save_steps == 0 or self.state.best_step == step
        if due or last or stop or self.state.stopped_early:
            with self.paused():
                self.save()
        if stop and not last:
            raise TrainingError(f"stopped after step {step} as asked; the same command goes on from there")

    def save(self) -> None:
        """Write a checkpoint; where that fails, every process ends."""
        parts = self.stepper.tensors()
        self.world.first(lambda: self.around.checkpoints.save(self.state, parts))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do something that is not training: the clocks stand still meanwhile."""
        self.stepper.wait()
        self.meter.settle()
        started = time.monotonic()
        yield
        self.meter.restart()
        self.progress.paused += time.monotonic() - started

    def log(self) -> None:
        """Look at the loss; one that is not a number ends the run, since nothing after it would be of use."""
        step, loss = self.state.step, self.stepper.mean_loss()
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} before step {step}; try a lower --learning-rate (now "
                f"{self.stepper.work.options.learning_rate:g}), --precision fp32, or --max-grad-norm 1"
            )
        self.state.losses.append({"step": step, "loss": loss, "learning_rate": self.stepper.rate})
        self.meter.settle()
        speeds, self.stepper.preparing = self.meter.speeds(self.stepper.preparing), 0.0
        values = {"loss": loss, "learning_rate": self.stepper.rate, **self.stepper.readings(), **speeds}
        self.around.scalars.write("train", values, step)
        self.warn_of_waiting(speeds["preparing_share"])

    def warn_of_waiting(self, share: float) -> None:
        """Say once that a GPU waits for its batches."""
        if self.warned or share < SLOW_SHARE or self.stepper.work.device.device.type != "cuda":
            return
        self.warned = True
        self.around.say(
            f"warning    the GPU waits: {share:.0%} of the time goes into preparing batches; is the cache "
            "(--cache-dir) on a slow disk, or the CPU busy with other work?"
        )

    def tell_time(self) -> None:
        """Say how long it will take, once some steps were measured."""
        left = self.plan.total_steps - self.state.step
        if self.progress.steps_here == TIMED_STEPS and left > TIMED_STEPS:
            self.stepper.wait()
            said = (
                f"about {clock(self.progress.left())} for {left:,} more steps, from the first {TIMED_STEPS}"
            )
            self.around.say(f"time       {said}; evaluations and checkpoints come on top")
            with self.paused():
                self.compiling.consider(self.world.first(self.progress.left))

    def measured(self) -> Metrics:
        """Measure on the validation rows: every process computes its share, rank 0 judges."""
        work, rows = self.stepper.work, self.around.validation
        read, most = work.task.view(rows), self.stepper.max_tokens
        logits = predict_logits(work.model, read, work.device, most, self.world)
        return self.world.first(lambda: work.task.tuned(logits, rows).metrics(logits, rows))

    def evaluate(self) -> None:
        """Measure, and note whether this is the best so far."""
        state, metrics = self.state, self.measured()
        state.evaluations.append({"step": state.step, **metrics})
        value = -metrics[self.metric] if self.metric in LOWER_IS_BETTER else metrics[self.metric]
        loss = metrics.get("loss", 0.0)
        # equal metrics: the surer model is better
        better = (value, -loss) > (state.best_value, -state.best_loss)
        if better:
            state.best_value, state.best_loss, state.best_step = value, loss, state.step
        state.worse_evaluations = 0 if better else state.worse_evaluations + 1
        patience = self.around.options.early_stopping_patience
        state.stopped_early = patience is not None and state.worse_evaluations >= patience
        self.around.scalars.write("validation", metrics, state.step)
        self.around.say(self.evaluation_line(metrics, better=better))

    def evaluation_line(self, metrics: dict[str, float], *, better: bool) -> str:
        """Say what was measured."""
        shown = "  ".join(
            f"{name} {value:.4f}" for name, value in metrics.items() if name in {self.metric, "loss"}
        )
        stopped = ", stopping early" if self.state.stopped_early else ""
        return f"validation at step {self.state.step}: {shown}{' (best so far)' if better else ''}{stopped}"
