"""Files and folders appear whole or not at all, and nothing is replaced that is not ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

from finetune import writing
from finetune.errors import RequestError, WriteError
from finetune.writing import locked, refuse_other_files, write_folder, write_text


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is flushed and what is renamed."""
    noted: list[str] = []
    flush, rename, replace = writing.flush, Path.rename, Path.replace

    def flushed(path: Path) -> None:
        noted.append(f"flush {path.name}")
        flush(path)

    def renamed(self: Path, to: Path) -> Path:
        noted.append(f"to {to.name}")
        return rename(self, to)

    def replaced(self: Path, to: Path) -> Path:
        noted.append(f"to {to.name}")
        return replace(self, to)

    monkeypatch.setattr(writing, "flush", flushed)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(Path, "replace", replaced)
    return noted


def fill(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "weights").write_text("new")


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, order: list[str]) -> None:
    write_text(tmp_path / "config.json", "{}")
    assert order == [f"flush .config.json.{os.getpid()}", "to config.json", f"flush {tmp_path.name}"]


def test_a_folder_is_on_the_disk_before_it_has_its_name(tmp_path: Path, order: list[str]) -> None:
    write_folder(tmp_path / "model", fill)
    assert set(order[:3]) == {"flush inner", "flush weights", f"flush .model.{os.getpid()}"}
    assert order[3:] == ["to model", f"flush {tmp_path.name}"]


def test_a_file_that_cannot_be_written_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(tmp_path / "config.json", "{}")
    assert list(tmp_path.iterdir()) == []


def full(_: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def unwritable(_: Path) -> None:
    raise SafetensorError("Error while serializing: No space left on device")


@pytest.mark.parametrize("fails", [full, unwritable])
def test_a_folder_that_cannot_be_filled_leaves_the_old_one(tmp_path: Path, fails: object) -> None:
    write_folder(tmp_path / "model", fill)
    with pytest.raises(WriteError, match=r"model: cannot be written \(.*No space left.*free some disk space"):
        write_folder(tmp_path / "model", fails)  # type: ignore[arg-type]
    assert (tmp_path / "model" / "inner" / "weights").read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("error", "seen"),
    [(OSError(errno.EBUSY, "Device or resource busy"), WriteError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_folder_that_cannot_be_moved_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, seen: type[BaseException]
) -> None:
    write_folder(tmp_path / "model", lambda folder: (folder / "old").touch())
    rename = Path.rename

    def refused(self: Path, to: Path) -> Path:
        if self.name == f".model.{os.getpid()}":
            raise error
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(seen):
        write_folder(tmp_path / "model", fill)
    assert [one.name for one in (tmp_path / "model").iterdir()] == ["old"]


def test_only_what_is_new_empty_or_ours_may_be_replaced(tmp_path: Path) -> None:
    refuse_other_files(tmp_path / "new", "--save-path", "mark.json")
    (tmp_path / "empty").mkdir()
    refuse_other_files(tmp_path / "empty", "--save-path", "mark.json")
    write_folder(tmp_path / "ours", lambda folder: (folder / "mark.json").touch())
    refuse_other_files(tmp_path / "ours", "--save-path", "mark.json")
    for other in (tmp_path, tmp_path / "ours" / "mark.json"):
        with pytest.raises(RequestError, match="found other files there; give --save-path a new or empty"):
            refuse_other_files(other, "--save-path", "mark.json")


def test_others_may_read_what_a_library_wrote_for_its_user_alone(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "model.safetensors").touch(mode=0o600)

    write_folder(tmp_path / "model", fill)
    (tmp_path / "plain").touch()
    modes = [(tmp_path / one).stat().st_mode for one in ("model/model.safetensors", "plain")]
    assert modes[0] == modes[1]


def test_what_killed_writers_of_a_folder_left_is_swept_away(tmp_path: Path) -> None:
    for name in (".model.123", ".model.124.old", ".model.125", ".model.mine", ".other.123"):
        (tmp_path / name).mkdir()
    with locked(tmp_path / ".model.125"):
        write_folder(tmp_path / "model", fill)
        assert sorted(one.name for one in tmp_path.iterdir()) == [
            ".model.125", ".model.mine", ".other.123", "model"
        ]  # fmt: skip


def test_the_only_copy_of_a_folder_is_not_swept_away(tmp_path: Path) -> None:
    write_folder(tmp_path / ".model.124.old", fill)
    with pytest.raises(WriteError):
        write_folder(tmp_path / "model", full)
    assert (tmp_path / ".model.124.old" / "inner" / "weights").is_file()
