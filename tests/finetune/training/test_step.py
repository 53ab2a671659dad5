"""One step gives the same gradient however its texts are cut into micro-batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.amp.grad_scaler import GradScaler

from finetune.errors import TrainingError
from finetune.training.device import Device
from finetune.training.step import Stepper
from tests.finetune.training.stepping import RATE, stepper

if TYPE_CHECKING:
    from finetune.tasks.base import Prepared


def gradient(one: Stepper) -> torch.Tensor:
    found = [value.grad.flatten() for value in one.work.model.parameters() if value.grad is not None]
    return torch.cat(found)


@pytest.mark.parametrize("scale", [1.0, 1024.0])
@pytest.mark.parametrize("max_tokens", [1, 60, 100_000])
def test_the_gradient_is_that_of_the_mean_loss_and_is_clipped(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch, scale: float, max_tokens: int
) -> None:
    plain, one, index = stepper(ready, 100_000), stepper(ready, max_tokens, max_grad_norm=0.01), np.arange(24)
    loss = plain.forward(index) / 24
    loss.backward()  # type: ignore[no-untyped-call]
    expected, seen = gradient(plain), []
    one.scaler = GradScaler("cpu", init_scale=scale)
    one.scaler.scale(one.loss)
    monkeypatch.setattr(one.optimiser, "step", lambda: seen.append(gradient(one)))
    one.step(0, index)
    assert float(one.norm) == pytest.approx(float(expected.norm()), rel=1e-4)
    assert torch.allclose(seen[0], 0.01 * expected / expected.norm(), atol=1e-7)
    assert one.mean_loss() == pytest.approx(loss.item(), rel=1e-5)


def test_wider_rows_change_nothing_but_rounding(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, index = stepper(ready, 200), np.arange(24)
    plain.fits(0, index, 24)
    usual = len(plain.parts(index))
    monkeypatch.setattr(Device, "widths", lambda _, lengths, __: lengths + 40)
    one = stepper(ready, 200)
    one.fits(0, index, 24)
    assert len(one.parts(index)) > usual
    assert torch.allclose(gradient(one), gradient(plain), atol=1e-6)


def test_a_step_pads_with_the_id_of_the_model(ready: Prepared) -> None:
    work = stepper(ready, 400).work
    work.model.config.pad_token_id = 7
    assert Stepper(work).pad_id == 7


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


def test_out_of_memory_goes_on_with_smaller_pieces_and_the_same_loss(
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
