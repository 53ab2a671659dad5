"""When a folder counts as changed, and what happens where it cannot be looked at or loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finetune.serving.metrics import Metrics
from finetune.serving.models import Models, Source, files_of, read_sources
from finetune.serving.options import ServingOptions
from tests.finetune.serving.fake import load
from tests.finetune.serving.live import model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from finetune.serving.loading import Loaded


def vanished(*_: object) -> None:
    raise FileNotFoundError


def test_a_folder_that_vanishes_while_it_is_looked_at_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "rglob", vanished)
    assert files_of(tmp_path) == ()


def test_a_run_that_has_no_model_yet_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "checkpoints").mkdir()
    assert files_of(tmp_path) == ()


def tried(test: Callable[[Models], Awaitable[None]], how: Callable[..., Loaded], source: Source) -> list[str]:
    """Serve a model, run the test, return what was said."""
    said: list[str] = []

    async def run() -> None:
        models = Models(how, ServingOptions(watch_seconds=0.01), Metrics(), said.append)
        await models.add(source)
        await test(models)
        await models.stop()

    asyncio.run(run())
    return said


def test_what_was_mended_while_it_failed_to_load_is_loaded_afterwards(tmp_path: Path) -> None:
    source = Source("counter", model(tmp_path / "counter", "old"))

    def late(folder: Path, options: ServingOptions) -> Loaded:
        if (folder / "facts").read_text() == "half":
            model(folder, "whole")
            raise RuntimeError("half a model")
        return load(folder, options)

    async def test(models: Models) -> None:
        (source.folder / "facts").write_text("half")
        for _ in range(4):
            await models.reload(changed_only=True)

    assert [one.split()[-1] for one in tried(test, late, source)] == ["old", "model", "whole"]


def test_the_watch_goes_on_where_nobody_reads_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source("counter", model(tmp_path / "counter", "old"))

    async def test(models: Models) -> None:
        monkeypatch.setattr(models, "_say", vanished)
        watch = asyncio.create_task(models.watch())
        for version in ("second", "third"):
            model(source.folder, version)
            await asyncio.sleep(0.3)
        assert models.served["counter"].loaded.what.endswith("third")
        watch.cancel()

    tried(test, load, source)


@pytest.mark.parametrize(
    ("word", "name", "folder"),
    [
        ("people=runs/names/model", "people", "runs/names/model"),
        ("people=runs/lr=3e-5", "people", "runs/lr=3e-5"),
        ("runs/lr=3e-5", "lr=3e-5", "runs/lr=3e-5"),
        ("./lr=3e-5/model", "lr=3e-5", "lr=3e-5/model"),
    ],
)
def test_an_equals_sign_in_a_path_is_no_name(word: str, name: str, folder: str) -> None:
    (source,) = read_sources([word])
    assert (source.name, source.folder) == (name, Path(folder))
