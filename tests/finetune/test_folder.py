"""A run folder holds one run, and only that run goes on in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from finetune.errors import RunFolderError
from finetune.folder import RunFolder, open_run

if TYPE_CHECKING:
    from pathlib import Path

ENCODER = {"configuration": "1", "tokenizer": "2", "weights": "3"}


def config(labels: str = "ab", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any of config.json
    settings = {"model": {"model_name_or_path": "enc/x"}}
    return {"task": "classify", "settings": settings, "encoder": ENCODER, **more,
            "data": {"fingerprints": {"train": "1"}, "labels": list(labels)}}  # fmt: skip


def opened(path: Path, *, overwrite: bool = False, **more: Any) -> RunFolder:  # noqa: ANN401 - as config
    return open_run(path, config(**more), print, overwrite=overwrite)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("ba", "label 0 was 'a', is 'b'"),
        ("abc", "label 2 was None, is 'c'"),
        ("a", "label 1 was 'b', is None"),
    ],
)
def test_a_run_with_other_labels_is_another_run(tmp_path: Path, labels: str, found: str) -> None:
    opened(tmp_path / "run")
    with pytest.raises(RunFolderError, match=found):
        opened(tmp_path / "run", labels=labels)


@pytest.mark.parametrize("part", ENCODER)
def test_a_run_from_another_encoder_is_another_run(tmp_path: Path, part: str) -> None:
    opened(tmp_path / "run")
    said = rf"the encoder enc/x is another one than this run began with \(what differs: {part}\)"
    with pytest.raises(RunFolderError, match=said):
        opened(tmp_path / "run", encoder={**ENCODER, part: "other"})


def test_a_run_that_did_not_note_its_encoder_may_go_on_and_notes_none(tmp_path: Path) -> None:
    opened(tmp_path / "run").write("config.json", {**config(), "encoder": None})
    folder = opened(tmp_path / "run", encoder={"weights": "other"})
    assert (folder.read("config.json") or {})["encoder"] is None


def test_what_a_killed_writer_left_does_not_make_a_folder_anothers(tmp_path: Path) -> None:
    (tmp_path / ".config.json.123").touch()
    opened(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    with pytest.raises(RunFolderError, match=r"found files, but no config.json of a run"):
        opened(tmp_path / "other")


def test_a_broken_config_can_be_overwritten_as_its_error_says(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"task": "cl')
    with pytest.raises(RunFolderError, match=r"found broken JSON .*pass --overwrite"):
        opened(tmp_path)
    assert opened(tmp_path, overwrite=True).read("config.json") == config()


def test_a_run_whose_metrics_are_broken_is_not_finished(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    folder.model.mkdir()
    (tmp_path / "metrics.json").touch()
    assert folder.finished() is None


def test_a_finished_run_keeps_the_machine_that_it_was_computed_on(tmp_path: Path) -> None:
    folder = opened(tmp_path, machine={"cpu": "first"})
    opened(tmp_path, machine={"cpu": "second"})
    folder.model.mkdir()
    folder.write("metrics.json", {})
    opened(tmp_path, machine={"cpu": "third"})
    assert json.loads((tmp_path / "config.json").read_text())["machine"] == {"cpu": "second"}


def test_a_run_that_goes_on_with_other_versions_or_elsewhere_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began: dict[str, Any] = {
        "versions": {"numpy": "1", "torch": "2.7.1"},
        "machine": {"gpus": ["A"], "threads": 2},
    }
    now: dict[str, Any] = {
        "versions": {"numpy": "1", "torch": "2.11.0"},
        "machine": {"gpus": [], "threads": 2},
    }
    opened(tmp_path, **began)
    opened(tmp_path, **began)
    assert not capsys.readouterr().out
    opened(tmp_path, **now)
    assert capsys.readouterr().out == (
        "warning    this run began under other conditions, so its result may differ in the last bits: "
        "torch was '2.7.1', is '2.11.0'; gpus was ['A'], is []\n"
    )
    opened(tmp_path, **now, overwrite=True)
    opened(tmp_path, **began, overwrite=True)
    assert not capsys.readouterr().out
