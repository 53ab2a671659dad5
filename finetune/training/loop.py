"""The training loop: when to step, log, evaluate, save and stop. All that a resume needs is in its State."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.batching import epoch_steps
from finetune.errors import TrainingError
from finetune.options import require
from finetune.tasks.base import LOWER_IS_BETTER
from finetune.training.checkpoint import Checkpoints, State
from finetune.training.evaluation import predict_logits
from finetune.training.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune.data.tokens import Encoded
    from finetune.options import RunOptions
    from finetune.training.scalars import Scalars
    from finetune.training.step import Stepper


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

    def __init__(self, stepper: Stepper, around: Surroundings) -> None:
        self.stepper, self.around = stepper, around
        self.plan = stepper.work.plan
        self.state = State()
        task = stepper.work.task
        self.metric = around.options.metric_for_best_model or task.main_metric
        accepted = ", ".join(task.metric_names)
        require(
            self.metric in task.metric_names, f"--metric-for-best-model {self.metric}: accepted: {accepted}"
        )
        self.progress = Progress(self.plan.total_steps)

    def resume(self) -> None:
        """Go on from the newest sound checkpoint, if there is one."""
        found = self.around.checkpoints.newest(self.around.say)
        if found is not None:
            self.state, parts = found
            self.stepper.restore(parts)
            self.around.say(f"resuming at step {self.state.step} of {self.plan.total_steps}")

    def run(self) -> State:
        """Train until the plan is fulfilled or early stopping ends it."""
        self.stepper.work.model.train()
        self.progress = Progress(self.plan.total_steps, self.state.step)
        while not self.finished():
            epoch, at = divmod(self.state.step, self.plan.steps_per_epoch)
            seed = self.stepper.work.options.seed
            for index in epoch_steps(self.stepper.work.train.lengths, self.plan.batch_size, seed, epoch)[at:]:
                started = time.monotonic()
                self.stepper.step(self.state.step, index)
                self.state.step += 1
                self.state.texts += len(index)
                self.state.seconds += time.monotonic() - started
                self.progress.step(len(index), self.note(epoch))
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
        if step % plan.logging_steps == 0 or last:
            self.log()
        if step % plan.eval_steps == 0 or last:
            self.evaluate()
        stop = self.around.stop_asked()
        if (
            step % plan.save_steps == 0
            or self.state.best_step == step
            or last
            or stop
            or self.state.stopped_early
        ):
            self.around.checkpoints.save(self.state, self.stepper.tensors())
        if stop and not last:
            raise TrainingError(f"stopped after step {step} as asked; the same command goes on from there")

    def log(self) -> None:
        """Look at the loss; one that is not a number ends the run, since nothing after it would be of use."""
        step, loss = self.state.step, self.stepper.mean_loss()
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} before step {step}; try a lower --learning-rate (now "
                f"{self.stepper.work.options.learning_rate:g}), --precision fp32, or --max-grad-norm 1"
            )
        self.state.losses.append({"step": step, "loss": loss, "learning_rate": self.stepper.rate})
        throughput = self.state.texts / max(1e-9, self.state.seconds)
        values = {"loss": loss, "learning_rate": self.stepper.rate, "texts_per_second": throughput}
        self.around.scalars.write("train", values, step)

    def evaluate(self) -> None:
        """Measure on the validation rows, and note whether this is the best so far."""
        work, state, started = self.stepper.work, self.state, time.monotonic()
        rows = work.task.view(self.around.validation)
        logits = predict_logits(work.model, rows, work.device, self.plan.max_tokens)
        metrics = work.task.metrics(logits, self.around.validation)
        state.evaluations.append({"step": state.step, **metrics})
        value = -metrics[self.metric] if self.metric in LOWER_IS_BETTER else metrics[self.metric]
        loss = metrics.get("loss", 0.0)
        better = (value, -loss) > (
            state.best_value,
            -state.best_loss,
        )  # equal metrics: the surer model is better
        if better:
            state.best_value, state.best_loss, state.best_step, state.worse_evaluations = (
                value,
                loss,
                state.step,
                0,
            )
        else:
            state.worse_evaluations += 1
        patience = self.around.options.early_stopping_patience
        state.stopped_early = patience is not None and state.worse_evaluations >= patience
        self.around.scalars.write("validation", metrics, state.step)
        self.progress.paused += time.monotonic() - started
        self.around.say(self.evaluation_line(metrics, better=better))

    def evaluation_line(self, metrics: dict[str, float], *, better: bool) -> str:
        """Say what was measured."""
        shown = "  ".join(
            f"{name} {value:.4f}" for name, value in metrics.items() if name in {self.metric, "loss"}
        )
        stopped = ", stopping early" if self.state.stopped_early else ""
        return f"validation at step {self.state.step}: {shown}{' (best so far)' if better else ''}{stopped}"
