"""promise.py: what ends a build, and with which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.image.engine import REPOSITORY, module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Has = Callable[..., None]

promise = module("build/promise.py")
TABLE = json.loads((REPOSITORY / "docker" / "variants.json").read_text())
ARCHITECTURES = ["sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"]
GOOD = {
    "python": "3.11",
    "torch": "2.7.1+cu118",
    "cuda": "11.8",
    "cudnn": "9.1",
    "gpu_architectures": ARCHITECTURES,
    "copies_of_torch": ["2.7.1+cu118"],
}
BROKEN = {
    "another CUDA": ({"cuda": "12.6"}, "cuda: promised 11.8, found 12.6"),
    "a CPU build": ({"cuda": None}, "cuda: promised 11.8, found None"),
    "another cuDNN": ({"cudnn": "8.9"}, "cudnn: promised 9.1, found 8.9"),
    "another Python": ({"python": "3.12"}, "python: promised 3.11, found 3.12"),
    "another torch": ({"torch": "2.6.0+cu118"}, "torch: promised 2.7.1, found 2.6.0+cu118"),
    "a GPU architecture missing": (
        {"gpu_architectures": ARCHITECTURES[:-1]},
        f"GPU architectures: sm_90 promised, found {ARCHITECTURES[:-1]}",
    ),
    "two copies of torch": (
        {"copies_of_torch": ["2.7.1", "2.6.0"]},
        "torch is installed 2 times: ['2.7.1', '2.6.0']",
    ),
}


@pytest.fixture
def has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Has:
    """Pretend that an image has `GOOD`, except for some of it; the record goes to a scratch folder."""
    monkeypatch.setattr(promise, "RECORD", tmp_path / "etc" / "variant.json")
    monkeypatch.setattr(promise, "CONSTRAINTS", tmp_path / "etc" / "constraints.txt")
    monkeypatch.setattr(promise, "VARIANTS", REPOSITORY / "docker" / "variants.json")
    return lambda **other: monkeypatch.setattr(promise, "found", lambda: {**GOOD, **other})


@pytest.mark.parametrize(("other", "words"), BROKEN.values(), ids=BROKEN)
def test_a_base_that_is_not_what_was_promised_ends_the_build(
    other: dict[str, Any], words: str, has: Has, capsys: pytest.CaptureFixture[str]
) -> None:
    has(**other)
    assert promise.main(["record", "cu118", "registry"]) == 1
    assert f"promise broken: {words}\n" in capsys.readouterr().err
    assert not promise.RECORD.exists()


@pytest.mark.parametrize(
    "other", [{}, {"gpu_architectures": [*ARCHITECTURES, "sm_100"]}], ids=["same", "more GPUs"]
)
def test_a_base_that_keeps_its_promise_is_recorded(other: dict[str, Any], has: Has) -> None:
    has(**other)
    assert promise.main(["record", "cu118", "registry"]) == 0
    record = json.loads(promise.RECORD.read_text())
    assert (record["variant"], record["base"], record["torch"]) == ("cu118", "registry", "2.7.1+cu118")
    assert promise.CONSTRAINTS.read_text() == "torch==2.7.1\n"


def test_another_build_of_the_same_torch_in_a_later_layer_ends_the_build(
    has: Has, capsys: pytest.CaptureFixture[str]
) -> None:
    has()
    promise.main(["record", "cu118", "registry"])
    has(torch="2.7.1+cu126", copies_of_torch=["2.7.1+cu126"])
    assert promise.main(["verify"]) == 1
    assert "a later layer replaced torch 2.7.1+cu118 by 2.7.1+cu126" in capsys.readouterr().err


def test_nothing_changed_since_the_record_passes(has: Has) -> None:
    has()
    promise.main(["record", "cu118", "registry"])
    assert promise.main(["verify"]) == 0


@pytest.mark.parametrize("variant", TABLE["variants"])
def test_a_base_from_pypi_is_held_against_the_build_that_pypi_carries(variant: str, has: Has) -> None:
    has()
    promised = promise.promised(variant, "pypi")
    assert (promised["variant"], promised["cuda"]) == (
        variant,
        TABLE["variants"][TABLE["pypi_build"]]["cuda"],
    )
