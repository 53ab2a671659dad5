"""BERT and the classic mistake, with a BERT of one small layer."""

from collections.abc import Callable

import pytest
import torch
from smoke import bert, cpu_inputs
from smoke.results import FailedError
from smoke.settings import Settings
from torch import nn


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[..., nn.Module]:
    """Replace BERT-base by a small one; return its maker."""

    def make(**_sizes: int) -> nn.Module:
        return real(**cpu_inputs.SMALL)

    real = bert.bert_base
    monkeypatch.setattr(bert, "bert_base", make)
    return make


def test_bert_base_is_of_the_known_size() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in bert.bert_base().parameters()) == 109_483_778


@pytest.mark.usefixtures("small")
def test_it_passes_and_tells_loss_and_error(cpu: Settings) -> None:
    seen = bert.check(cpu)
    assert "loss" in seen.detail
    assert isinstance(seen.data["forward_error"], float)
    assert 0 < seen.data["forward_error"] < 1e-5


@pytest.mark.usefixtures("no_gpu")
def test_without_the_promised_gpu_it_fails(cu126: Settings) -> None:
    with pytest.raises(FailedError, match="needs a GPU"):
        bert.check(cu126)


@pytest.mark.usefixtures("small")
def test_inputs_left_behind_fail_it(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(device: torch.device, model: nn.Module, batch: bert.Batch) -> tuple[nn.Module, bert.Batch]:
        return model.to(device), {name: tensor.to("meta") for name, tensor in batch.items()}

    monkeypatch.setattr(bert, "on", forget)
    with pytest.raises(FailedError, match=r"3 inputs \(input_ids, attention_mask, labels\) on meta"):
        bert.check(cpu)


def test_a_weight_without_a_gradient_fails_it(
    cpu: Settings, small: Callable[..., nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small()
    next(model.parameters()).requires_grad = False
    monkeypatch.setattr(bert, "bert_base", lambda: model)
    with pytest.raises(FailedError, match=r"1 weights have no finite gradient, first bert\.embeddings"):
        bert.check(cpu)


@pytest.mark.usefixtures("small")
def test_a_wrong_forward_pass_fails_it(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([torch.ones(2, 2), torch.full((2, 2), 1.01)])
    monkeypatch.setattr(bert, "_logits", lambda _model, _batch: next(answers))
    with pytest.raises(FailedError, match=r"differs from float64's by 1\.0e-02"):
        bert.check(cpu)


def test_the_mistake_is_made_and_caught(cpu: Settings) -> None:
    seen = cpu_inputs.check(cpu)
    assert "3 inputs (input_ids, attention_mask, labels) on meta, the model on cpu" in seen.detail
    assert "parameters" in str(seen.data["all_left"])


def test_a_guard_that_sees_nothing_fails_it(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_inputs, "find_off_device", lambda *_arguments: [])
    with pytest.raises(FailedError, match="the guard named nothing"):
        cpu_inputs.check(cpu)
