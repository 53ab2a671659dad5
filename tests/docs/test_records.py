"""A benchmark that ends early leaves what it has measured."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """A benchmark's module, and the command line that it will read."""

    def load(name: str, *words: object) -> ModuleType:
        monkeypatch.syspath_prepend(str(BENCHMARKS))
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, words)])
        return import_module(name)

    return load


def test_the_race_is_written_after_each_shape(
    benchmark: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "race.json"
    training = benchmark("training", "--output", out)
    row = {"contender": "finetune", "samples_per_second": 1.0, "tokens_per_second": 1, "padding_share": 0.0}

    def race(shape: Any, *_: object) -> list[dict[str, Any]]:  # noqa: ANN401 - a shape
        if shape.name == "msra":
            raise KeyboardInterrupt
        return [{**row, "shape": shape.name, "mfu": 0.0}]

    monkeypatch.setattr(training, "race", race)
    with pytest.raises(KeyboardInterrupt):
        training.main()
    assert [one["shape"] for one in json.loads(out.read_text())["rows"]] == ["thucnews-titles"]


def test_services_are_written_after_each_round(
    benchmark: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "serving.json"
    serving = benchmark("serving", "--base-shape", "--rounds", 2, "--output", out)

    def one_round(seen: Any, *_: object) -> None:  # noqa: ANN401 - what was seen
        if seen.rows:
            raise KeyboardInterrupt
        seen.rows.append({"service": "int8", "clients": 1, "requests_per_second": 9.0})

    there = SimpleNamespace(setting=None, device="cpu")
    replaced = {"base_shape": Path, "field": lambda *_: there, "find_spec": str, "aims": lambda *_: {}}
    for name, one in replaced.items():
        monkeypatch.setattr(serving, name, one)
    monkeypatch.setattr(serving.Seen, "one_round", one_round)
    with pytest.raises(KeyboardInterrupt):
        serving.main()
    assert json.loads(out.read_text())["rows"][0]["rounds"] == [9.0]
