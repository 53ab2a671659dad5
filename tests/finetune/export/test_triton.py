"""The model repository; tests/triton puts it before a real server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finetune.cli import main
from finetune.export.triton import repository_name

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_repository_carries_what_it_needs(exported: Callable[[str, str], Path]) -> None:
    folder = exported("multi-label", "triton")
    assert {one.name for one in folder.iterdir()} == {"multi-label", "multi-label_logits"}
    assert (folder / "multi-label" / "export.json").is_file()
    packages = folder / "multi-label" / "1" / "packages"
    code = "import finetune.runtime.engine, tokenizers; print(finetune.__file__, tokenizers.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(one.startswith(str(packages)) for one in done.stdout.split())


def test_models_that_are_exported_one_after_another_are_all_there(
    models: dict[str, Path], tmp_path: Path
) -> None:
    repository = tmp_path / "models" / "triton"
    for name in ("classify", "light", "classify"):
        given = ["--format", "triton", "--output-dir", str(repository)]
        assert main(["export", str(models[name]), *given]) == 0
    made = {"classify", "classify_logits", "light", "light_logits"}
    assert {one.name for one in repository.iterdir()} == made
    assert [one.name for one in repository.parent.iterdir()] == ["triton"]


def test_a_model_of_somebody_else_is_not_replaced(models: dict[str, Path], tmp_path: Path) -> None:
    theirs = tmp_path / "classify_logits" / "config.pbtxt"
    theirs.parent.mkdir()
    theirs.write_text("theirs")
    given = ["--format", "triton", "--output-dir", str(tmp_path)]
    assert main(["export", str(models["classify"]), *given]) == 2
    assert theirs.read_text() == "theirs"


def test_the_logits_have_the_shape_of_the_graph(exported: Callable[[str, str], Path]) -> None:
    config = exported("multi-label", "triton") / "multi-label_logits" / "config.pbtxt"
    assert "dims: [ 3 ]" in config.read_text()


@pytest.mark.parametrize("place", ["runs/my news", "runs/my news/model"])
def test_a_model_is_named_as_its_run(place: str) -> None:
    assert repository_name(Path(place)) == "my-news"
