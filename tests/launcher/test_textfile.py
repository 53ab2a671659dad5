"""Whole files or none, and blocks that leave everything else alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher import textfile
from launcher.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

OLD = "# >>> b\nold\n# <<< b\n"
NEW = "# >>> b\nnew\n# <<< b\n"
LINES = st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))).map("\n".join)
THEIRS = LINES.filter(lambda text: "# >>> b" not in text and "# <<< b" not in text)


def test_a_new_file_is_closed_to_others(tmp_path: Path) -> None:
    textfile.write(tmp_path / "file", "text")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    textfile.write(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "text"


def test_a_failure_keeps_the_old_text_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    textfile.write(tmp_path / "file", "old")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device", str(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        textfile.write(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can replace another's file")
def test_the_owner_of_a_file_that_root_replaces_stays(tmp_path: Path) -> None:
    textfile.write(tmp_path / "file", "old")
    os.chown(tmp_path / "file", 1234, 1234)
    textfile.write(tmp_path / "file", "new")
    assert (tmp_path / "file").stat().st_uid == 1234


def test_the_same_text_is_not_written_again(tmp_path: Path) -> None:
    assert textfile.update(tmp_path / "file", "text")
    assert not textfile.update(tmp_path / "file", "text")


@given(THEIRS, THEIRS)
def test_every_byte_around_a_block_survives(before: str, after: str) -> None:
    text = f"{before}\n{OLD}{after}"
    assert textfile.with_block(text, NEW, "file") == f"{before}\n{NEW}{after}"


@given(THEIRS, st.booleans())
def test_putting_it_twice_is_putting_it_once(text: str, first: bool) -> None:  # noqa: FBT001
    once = textfile.with_block(text, NEW, "file", first=first)
    assert textfile.with_block(once, NEW, "file", first=first) == once
    assert text in once


def test_windows_line_ends_stay() -> None:
    text = "mine\r\n" + OLD.replace("\n", "\r\n") + "too\r\n"
    assert textfile.with_block(text, NEW, "file") == "mine\r\n" + NEW.replace("\n", "\r\n") + "too\r\n"


def test_a_last_line_without_an_end_gets_one() -> None:
    assert textfile.with_block("mine", NEW, "file") == f"mine\n{NEW}"


def test_a_block_without_an_end_is_not_guessed() -> None:
    with pytest.raises(RequestError, match="config:2: the line '# >>> b' has no '# <<< b' after it"):
        textfile.with_block("mine\n# >>> b\nyours\n", NEW, "config")
