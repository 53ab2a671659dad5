"""What .env says, to us and to compose."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher import dotenv
from launcher.errors import RequestError

VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(str.strip)
KEYS = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)


def read(folder: Path, text: str | bytes) -> dotenv.DotEnv:
    (folder / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    return dotenv.read(folder / ".env")


def test_no_file_is_an_empty_one(tmp_path: Path) -> None:
    assert dotenv.read(tmp_path / ".env") == dotenv.DotEnv({}, {})


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_written_is_read_back(decided: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / ".env"
        dotenv.write(path, decided)
        assert dotenv.read(path) == dotenv.DotEnv({}, decided)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("export A=plain", "plain"),
        ("  A = plain  ", "plain"),
        ("A=", ""),
        ("A='one two' # why", "one two"),
        ('A="one # two" # why', "one # two"),
        ("A=one # why", "one"),
        ("A=one#two", "one#two"),
        ("A='$HOME'", "$HOME"),
        ('A="a \\"b\\" \\$c"', 'a "b" $c'),
        ("A=it's", "it's"),
        ("A=http://u:p@mirror.example/?a=b", "http://u:p@mirror.example/?a=b"),
        ("A=中文", "中文"),
        ("A=crlf\r", "crlf"),
    ],
)
def test_it_reads_as_compose_does(line: str, value: str, tmp_path: Path) -> None:
    assert read(tmp_path, line + "\n").user == {"A": value}


HARD = {"A": 'it\'s \\ $HOME # "x"', "B": "${A}", "C": "a b", "D": "", "E": "中文\\", "F": "a=b:c,d/e@f%20"}


@pytest.mark.skipif(shutil.which("docker") is None, reason="the host has no docker client")
@pytest.mark.usefixtures("real_world")
def test_compose_itself_reads_what_is_written(tmp_path: Path) -> None:
    dotenv.write(tmp_path / ".env", HARD)
    lines = [f"      IN_{key}: ${{{key}}}" for key in HARD]
    text = "\n".join(["services:", "  a:", "    image: x", "    env_file: .env", "    environment:", *lines])
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    argv = ["docker", "compose", "--project-directory", str(tmp_path), "config", "--format", "json"]
    asked = subprocess.run(argv, capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip("no Compose v2 here")
    read_back = json.loads(asked.stdout.replace("$$", "$"))["services"]["a"]["environment"]
    assert read_back == {**HARD, **{f"IN_{key}": value for key, value in HARD.items()}}


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffA=b\n").user == {"A": "b"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("A=1\nnonsense\n", ".env:2: 'nonsense' found; accepted is NAME=value"),
        ("# why\n\n1A=2\n", ".env:3: '1A=2' found"),
        ("A='open\n", ".env:1: A: a quotation that does not end on its line"),
        ("A=${HOME}/x\n", ".env:1: A: a variable found (${HOME}/x). Write its value out"),
        (b"A=\xff\n", "not UTF-8 (byte 2). Save it as UTF-8."),
    ],
)
def test_a_broken_line_is_named(text: str | bytes, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=re.escape(complaint)):
        read(tmp_path, text)


def test_a_block_without_an_end_is_not_written_over(tmp_path: Path) -> None:
    read(tmp_path, f"{dotenv.BEGIN}\nB=1\nA=2\n")
    with pytest.raises(RequestError, match=re.escape(f".env:1: the line '{dotenv.BEGIN}' has no")):
        dotenv.write(tmp_path / ".env", {"B": "2"})


def test_the_block_is_replaced_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbf# mine\r\nA=1\r\n")
    dotenv.write(path, {"B": "1"})
    path.write_bytes(path.read_bytes() + b"C='3'   # also mine")
    dotenv.write(path, {"B": "2"})
    block = f"{dotenv.BEGIN}\r\nB=2\r\n{dotenv.END}\r\n"
    assert path.read_bytes().decode() == f"\ufeff# mine\r\nA=1\r\n{block}C='3'   # also mine"
    assert dotenv.read(path) == dotenv.DotEnv({"A": "1", "C": "3"}, {"B": "2"})


def test_nothing_new_changes_nothing(tmp_path: Path) -> None:
    assert dotenv.write(tmp_path / ".env", {"A": "1"})
    assert not dotenv.write(tmp_path / ".env", {"A": "1"})


def test_a_mode_that_the_user_chose_stays(tmp_path: Path) -> None:
    (tmp_path / ".env").touch(0o640)
    (tmp_path / ".env").chmod(0o640)
    dotenv.write(tmp_path / ".env", {"A": "1"})
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o640
