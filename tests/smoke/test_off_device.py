"""The guard against tensors left behind; torch's meta device plays the place that is wrong."""

import pytest
import torch
from smoke.off_device import Stray, expected_device, explain, find_off_device, same_place
from torch import nn

CPU, META = torch.device("cpu"), torch.device("meta")


@pytest.fixture
def model() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))


def test_nothing_is_found_where_all_is_in_place(model: nn.Module) -> None:
    assert find_off_device(model, {"x": torch.ones(2, 4)}, CPU) == []


@pytest.mark.parametrize(
    ("batch", "name"),
    [
        pytest.param(torch.ones(1, device=META), "batch", id="a bare tensor"),
        pytest.param({"input_ids": torch.ones(1, device=META)}, "input_ids", id="a dict"),
        pytest.param([torch.ones(1), torch.ones(1, device=META)], "[1]", id="a list"),
        pytest.param({"targets": (torch.ones(1, device=META),)}, "targets[0]", id="nested"),
    ],
)
def test_an_input_left_behind_is_named(model: nn.Module, batch: object, name: str) -> None:
    assert find_off_device(model, batch, CPU) == [Stray("input", name, "meta")]


def test_what_is_not_a_tensor_is_no_input(model: nn.Module) -> None:
    assert find_off_device(model, {"texts": ["a", "b"], "n": 3, "none": None}, CPU) == []


def test_a_parameter_and_a_buffer_left_behind_are_named(model: nn.Module) -> None:
    found = find_off_device(model.to(META), {}, CPU)
    assert Stray("parameter", "0.weight", "meta") in found
    assert Stray("buffer", "1.running_mean", "meta") in found


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        pytest.param("cuda:1", "cuda", True, id="any GPU will do"),
        pytest.param("cuda:1", "cuda:0", False, id="another GPU"),
        pytest.param("cpu", "cuda:0", False, id="the CPU"),
        pytest.param("cuda:0", "cuda:0", True, id="the same GPU"),
        pytest.param("cpu", "cpu:0", True, id="the one CPU"),
    ],
)
def test_places_are_compared_as_people_mean_them(found: str, wanted: str, same: bool) -> None:  # noqa: FBT001
    assert same_place(torch.device(found), torch.device(wanted)) is same


def test_a_model_never_moved_is_expected_on_the_gpu(
    monkeypatch: pytest.MonkeyPatch, model: nn.Module
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert expected_device(model) == torch.device("cuda", 0)
    assert len(find_off_device(model, {"x": torch.ones(2, 4)})) == 8


def test_without_a_gpu_the_models_own_place_is_right(
    monkeypatch: pytest.MonkeyPatch, model: nn.Module
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert expected_device(model) == CPU
    assert expected_device(model.to(META)) == META


def test_inputs_alone_are_explained_with_the_line_that_mends_it() -> None:
    strays = [Stray("input", name, "cpu") for name in ("a", "b", "c", "d")]
    told = explain(strays, torch.device("cuda", 0))
    assert told.startswith("4 inputs (a, b, c, …) on cpu, the model on cuda:0.")
    assert "returns a copy" in told


def test_the_silent_mistake_is_explained_as_such() -> None:
    strays = [Stray("parameter", "0.weight", "cpu"), Stray("input", "x", "cpu")]
    told = explain(strays, torch.device("cuda", 0))
    assert told.startswith("1 parameter (0.weight) and 1 input (x) on cpu instead of cuda:0")
    assert "without an error" in told
    assert "model.to(device)" in told
