"""Data sets by their hub name: found, found again, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import datasets
import pytest

from finetune.cli import main
from finetune.data import hub
from finetune.data.sources import find_sources
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[str, str | bytes], Path]


def answer(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:  # noqa: ANN401 - a data set or an error
    def load(*_: object) -> object:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(datasets, "load_dataset", load)


@pytest.mark.parametrize("name", ["user/name", "imdb", "a.b/c-d_e"])
def test_these_are_hub_names(name: str) -> None:
    assert hub.is_hub_name(Path(name))


@pytest.mark.parametrize("name", ["a/b/c", "/data", "../x", "train.txt", "user/train.csv.gz", "新闻"])
def test_these_are_not(name: str) -> None:
    assert not hub.is_hub_name(Path(name))


def test_a_hub_data_set_is_copied_once_and_then_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    answer(monkeypatch, datasets.DatasetDict({"train": rows, "dev": rows}))
    options = DataOptions(data=Path("user/name"), cache_dir=tmp_path)
    first = find_sources(options)
    answer(monkeypatch, ConnectionError("gone"))
    assert find_sources(options) == first
    assert first.train.name == "train"
    assert first.validation is not None
    assert first.validation.name == "dev"


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            ConnectionError("Couldn't reach"),
            ("HF_HUB_OFFLINE is set", ">> .env && make up", "save_to_disk('name')"),
        ),
        (RuntimeError("Dataset scripts are no longer supported, but found name.py"), ("Parquet", "--data")),
    ],
)
def test_what_cannot_be_had_is_explained(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    parts: tuple[str, ...],
) -> None:
    answer(monkeypatch, error)
    assert main(["inspect", "user/name"]) == 2
    said = capsys.readouterr().err
    assert all(part in said for part in parts)
    assert "Traceback" not in said


def test_a_missing_configuration_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hub, "why_unreachable", lambda _: None)
    answer(monkeypatch, ValueError("Config name is missing.\nPlease pick one among: ['en', 'zh']"))
    assert main(["inspect", "user/name"]) == 2
    assert "['en', 'zh']; choose one with --dataset-config-name" in capsys.readouterr().err
