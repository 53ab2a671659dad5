"""variants.json is read whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from launcher.errors import DataFileError
from launcher.variants import Variants, load, parse, parse_architecture
from tests.launcher.fakes import REPOSITORY, FakeHost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = REPOSITORY / "docker" / "variants.json"


def table() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def test_the_projects_own_table_is_whole(variants: Variants) -> None:
    assert list(variants.rows) == ["cu118", "cu126", "cu128", "cpu"]
    assert [row.name for row in variants.preferred] == ["cu118", "cu126", "cu128"]
    assert variants.rows["cu128"].architecture_range == "sm_75 to sm_120"
    assert not variants.rows["cpu"].uses_gpu


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a row without a driver floor": (
        lambda t: t["variants"]["cu118"].pop("driver_floor"),
        "cu118: lacks driver_floor",
    ),
    "a row with a key that nobody reads": (
        lambda t: t["variants"]["cpu"].update(gpus=[]),
        "cpu: has unknown gpus",
    ),
    "no default": (lambda t: t.pop("default"), "lacks default"),
    "an unknown top key": (lambda t: t.update(note="x"), "has unknown note"),
    "a default that is no row": (lambda t: t.update(default="cu117"), "'cu117' is not a variant"),
    "a build of PyPI that is no row": (lambda t: t.update(pypi_build="x"), "'x' is not a variant"),
    "a number for a text": (lambda t: t["variants"]["cu118"].update(cuda=11.8), "cu118.cuda: 11.8 found"),
    "a text for a list": (
        lambda t: t["variants"]["cu118"].update(gpu_architectures="sm_50"),
        "accepted is a list",
    ),
    "an architecture in another spelling": (
        lambda t: t["variants"]["cu118"].update(gpu_architectures=["8.6"]),
        "'8.6' found; accepted are names such as sm_86",
    ),
    "GPUs without CUDA": (lambda t: t["variants"]["cu118"].update(cuda=None), "no cuda or no driver_floor"),
    "rows that are a list": (lambda t: t.update(variants=[]), "accepted is a dict"),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_it_refuses(change: Callable[[dict[str, Any]], object], message: str) -> None:
    data = table()
    change(data)
    with pytest.raises(DataFileError, match=r"variants\.json") as refusal:
        parse(data, "variants.json")
    assert message in str(refusal.value)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3"])
def test_a_file_that_is_no_table_is_named(text: str | None, tmp_path: Path, host: FakeHost) -> None:
    if text is not None:
        host.write("/variants.json", text)
    with pytest.raises(DataFileError, match=r"variants\.json"):
        load(
            host,
            tmp_path.parent / "variants.json"
            if text is None
            else host.path("/variants.json").relative_to("/"),
        )


@pytest.mark.parametrize(
    ("name", "capability"), [("sm_50", (5, 0)), ("sm_86", (8, 6)), ("sm_100", (10, 0)), ("sm_121", (12, 1))]
)
def test_the_last_digit_of_an_architecture_is_the_minor(name: str, capability: tuple[int, int]) -> None:
    assert parse_architecture(name) == capability
