"""One step gives the same gradient however its texts are cut into micro-batches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.amp.grad_scaler import GradScaler

from finetune.errors import TrainingError
from finetune.options import DataOptions, ModelOptions, Settings, TrainingOptions
from finetune.pipeline import Prepared, prepare
from finetune.tasks.classification import RECIPE
from finetune.training.device import choose_device
from finetune.training.plan import make_plan
from finetune.training.step import Stepper, Work

if TYPE_CHECKING:
    from pathlib import Path

RATE = 1e-3


@pytest.fixture(scope="module")
def ready(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    data = DataOptions(data=news, cache_dir=tmp_path_factory.mktemp("cache"))
    return prepare(Settings(data, ModelOptions(str(encoder))), RECIPE, lambda _: None)


def stepper(ready: Prepared, max_tokens: int, **more: float) -> Stepper:
    torch.manual_seed(0)
    model = ready.task.build(ready.encoder, "auto")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    options = TrainingOptions(learning_rate=RATE, precision="fp32", max_grad_norm=0.0, **more)  # type: ignore[arg-type]
    plan = make_plan(Settings(DataOptions(data=ready.corpus), training=options), 100)  # type: ignore[arg-type]
    device = choose_device(-1, "fp32")
    one = Stepper(Work(ready.task, model, ready.encoded["train"], options, plan, device, print))
    one.set_tokens(max_tokens)
    return one


@pytest.mark.parametrize("max_tokens", [1, 60, 200])
def test_micro_batches_change_nothing_but_rounding(ready: Prepared, max_tokens: int) -> None:
    index = np.arange(24)
    whole, cut = stepper(ready, 100_000), stepper(ready, max_tokens)
    for one in (whole, cut):
        one.step(0, index)
    assert whole.mean_loss() == pytest.approx(cut.mean_loss(), rel=1e-5)
    for name, value in whole.work.model.named_parameters():
        other = dict(cut.work.model.named_parameters())[name]
        assert (value - other).abs().max() < 2.5 * whole.rate


def test_the_gradient_is_that_of_the_mean_loss(ready: Prepared) -> None:
    one, index = stepper(ready, 100), np.arange(24)
    for part in (index[:5], index[5:]):
        one.backward(part, 24)
    ours = [parameter.grad.clone() for parameter in one.work.model.parameters() if parameter.grad is not None]
    one.optimiser.zero_grad()
    one.backward(index, 24)
    theirs = [parameter.grad for parameter in one.work.model.parameters() if parameter.grad is not None]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(ours, theirs, strict=True))


def test_the_learning_rate_climbs_and_falls(ready: Prepared) -> None:
    one = stepper(ready, 1000, num_train_epochs=10.0)
    rates = []
    for number in range(one.work.plan.total_steps):
        one.step(number, np.arange(2))
        rates.append(one.rate)
    peak = rates.index(max(rates))
    assert 0.05 < peak / len(rates) < 0.15
    assert rates[-1] < 0.1 * max(rates)
    assert max(rates) <= RATE


def test_out_of_memory_goes_on_with_smaller_pieces_and_the_same_gradient(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = np.arange(24)
    calm, short = stepper(ready, 400), stepper(ready, 400)
    calm.step(0, index)
    backward = Stepper.backward

    def limited(self: Stepper, part: np.ndarray, texts: int) -> None:
        if len(part) > 8:
            raise torch.OutOfMemoryError
        backward(self, part, texts)

    monkeypatch.setattr(Stepper, "backward", limited)
    short.step(0, index)
    assert "out of memory: at most" in capsys.readouterr().out
    assert short.mean_loss() == pytest.approx(calm.mean_loss(), rel=1e-5)


def test_a_text_that_can_never_fit_ends_the_run(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Stepper, "backward", never)
    with pytest.raises(TrainingError, match="lower --max-seq-length"):
        stepper(ready, 400).step(0, np.arange(4))


def weights_after(one: Stepper, steps: int) -> list[torch.Tensor]:
    for number in range(steps):
        one.step(number, np.arange(24))
    return [value.detach().clone() for value in one.work.model.parameters()]


def with_dropout(one: Stepper) -> Stepper:
    for module in one.work.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.1
    one.work.model.train()
    return one


def test_a_step_tried_again_after_out_of_memory_is_that_of_the_smaller_budget_to_the_bit(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = weights_after(with_dropout(stepper(ready, 100)), 3)
    backward, parts = Stepper.backward, [0]

    def limited(self: Stepper, part: np.ndarray, texts: int) -> None:
        parts[0] += 1
        if parts[0] == 2:  # after the first piece has drawn its dropout
            raise torch.OutOfMemoryError
        backward(self, part, texts)

    monkeypatch.setattr(Stepper, "backward", limited)
    retried = stepper(ready, 200)
    assert all(map(torch.equal, weights_after(with_dropout(retried), 3), small))
    assert retried.max_tokens == 100


def test_a_budget_that_was_halved_stays_so_after_a_resume(ready: Prepared) -> None:
    one, other = stepper(ready, 400), stepper(ready, 400)
    one.max_tokens = 200
    one.step(0, np.arange(8))
    other.restore(one.tensors())
    assert other.max_tokens == 200


def test_a_loss_of_many_micro_batches_is_read_without_a_wait_per_step(ready: Prepared) -> None:
    one = stepper(ready, 60, per_device_train_batch_size=8, gradient_accumulation_steps=3)
    assert one.work.plan.batch_size == 24
    one.step(0, np.arange(24))
    assert one.loss_texts == 24
    assert one.mean_loss() > 0
    assert one.loss_texts == 0


def test_a_run_that_began_without_scaling_goes_on_with_it(ready: Prepared) -> None:
    begun, other = stepper(ready, 400), stepper(ready, 400)
    other.scaler = GradScaler("cpu", init_scale=8.0)
    other.restore(begun.tensors())
    assert other.scaler.get_scale() == 8.0


def watched(one: Stepper, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    tried: list[np.ndarray] = []

    def note(part: np.ndarray) -> bool:
        tried.append(part)
        return True

    monkeypatch.setattr(one, "tried", note)
    return tried


def test_a_gpu_tries_no_more_than_a_step_holds(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    one, called = stepper(ready, 400), []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: called.append("emptied"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: called.append("peak forgotten"))
    tried = watched(one, monkeypatch)
    gpu = dataclasses.replace(one.work.device, device=torch.device("cuda", 0))
    one.work = dataclasses.replace(one.work, device=gpu)
    one.set_tokens(1 << 17)
    assert [len(part) for part in tried] == [one.work.options.batch_size]
    assert called == ["emptied", "peak forgotten"]
    assert one.most_at_once() == one.work.options.batch_size * one.work.train.lengths.max()


def test_the_time_ahead_is_that_of_texts_of_middling_length(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = stepper(ready, 1 << 17)
    tried = watched(one, monkeypatch)
    one.seconds_ahead()
    lengths = one.work.train.lengths
    assert len(tried[0]) == one.work.options.batch_size
    assert abs(lengths[tried[0]].mean() - np.median(lengths)) < 1
