"""Opening text files as people have them."""

from __future__ import annotations

import errno
import gzip
import lzma
from typing import TYPE_CHECKING

import pytest

from finetune.data.lines import guarded, open_text
from finetune.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

TEXT = "第一行\t1\r\n第二行，全角Ａ\t2\n"
LINES = [(1, "第一行\t1\n"), (2, "第二行，全角Ａ\t2\n")]


@pytest.mark.parametrize(
    ("name", "contents", "encoding"),
    [
        ("plain.txt", TEXT.encode(), "utf-8"),
        ("mark.txt", b"\xef\xbb\xbf" + TEXT.encode(), "utf-8-sig"),
        ("gbk.txt", TEXT.encode("gb18030"), "gb18030"),
        ("wide.txt", TEXT.encode("utf-16"), "utf-16"),
        ("packed.txt.gz", gzip.compress(TEXT.encode(), mtime=0), "utf-8"),
        ("packed.txt.xz", lzma.compress(TEXT.encode()), "utf-8"),
    ],
)
def test_the_same_lines_come_out_of_every_encoding(
    write: Write, name: str, contents: bytes, encoding: str
) -> None:
    file = open_text(write(name, contents))
    assert file.encoding == encoding
    assert list(file.lines()) == LINES


@pytest.mark.parametrize(
    ("name", "contents", "found"),
    [
        ("empty.txt", b"", "an empty file"),
        ("blank.txt", b" \n\n", "an empty file"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary data"),
        ("noise.txt", bytes(range(128, 256)) * 4, "binary data"),
        ("cut.txt.gz", gzip.compress(TEXT.encode() * 99, mtime=0)[:-20], "a damaged or cut archive"),
        ("no.txt.gz", b"no archive at all", "a damaged or cut archive"),
        ("no.txt.xz", b"no archive at all", "a damaged or cut archive"),
    ],
)
def test_what_is_no_text_is_refused(write: Write, name: str, contents: bytes, found: str) -> None:
    with pytest.raises(DataError, match=found) as caught:
        list(open_text(write(name, contents)).lines())
    assert caught.value.exit_code == 2


def test_a_single_broken_byte_is_named_with_its_line(write: Write) -> None:
    path = write(
        "broken.txt", ("好新闻\t1\n" * 50).encode() + b"bad \xff byte\t1\n" + ("好\t2\n" * 50).encode()
    )
    with pytest.raises(DataError, match=r"broken.txt:51: found byte 0xff in 'bad \ufffd byte\\t1'"):
        list(open_text(path).text_lines())


WESTERN = "text,label\nI doesn\u2019t like the sch\u00f6ne caf\u00e9s,0\nit\u2019s fine,1\n"
TRADITIONAL = "text,label\n電影評論：劇情緊湊，導演功力深厚，演員表現優異，值得一看！,1\n"


@pytest.mark.parametrize(
    ("contents", "encoding", "place"),
    [(WESTERN, "cp1252", "a.csv:2: found byte 0x92"), (TRADITIONAL, "big5", "a.csv:2: found byte 0xb9")],
)
def test_what_is_neither_utf_8_nor_gb18030_is_not_read_as_one(
    write: Write, contents: str, encoding: str, place: str
) -> None:
    with pytest.raises(DataError, match=f"{place} .*save the file as UTF-8"):
        list(open_text(write("a.csv", contents.encode(encoding))).text_lines())


def test_traditional_characters_may_be_gb18030(write: Write) -> None:
    assert open_text(write("a.csv", TRADITIONAL.encode("gb18030"))).encoding == "gb18030"


def test_one_bad_byte_in_gb18030_is_named_with_its_line(write: Write) -> None:
    path = write("a.txt", "好新闻\t1\n".encode("gb18030") * 9 + b"\xff\n")
    with pytest.raises(DataError, match=r"a.txt:10: found byte 0xff in '\ufffd'; expected text in UTF-8"):
        list(open_text(path).text_lines())


def test_western_text_that_does_not_decode_is_no_binary_file(write: Write) -> None:
    path = write("a.txt", "fine\né è ê, à la carte\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"a.txt:2: found byte 0xe9 in '\ufffd \ufffd"):
        list(open_text(path).text_lines())


@pytest.mark.parametrize(
    ("name", "contents", "todo"),
    [
        ("a.xlsx", b"PK\x03\x04\0\0", "save the sheet as CSV"),
        ("a.zip", b"PK\x03\x04\0\0", "unpack it"),
        ("a.tar.gz", gzip.compress(b"a.txt\0\0\0", mtime=0), "unpack it"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid 1\n", "git lfs pull"),
    ],
)
def test_what_must_become_text_first_is_told_how(write: Write, name: str, contents: bytes, todo: str) -> None:
    with pytest.raises(DataError, match=todo):
        open_text(write(name, contents))


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found a folder; expected a file"):
        open_text(tmp_path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no.txt: found no such file"):
        open_text(tmp_path / "no.txt")


def test_a_disk_that_fails_while_it_is_read_names_the_file(tmp_path: Path) -> None:
    def lines() -> Iterator[bytes]:
        yield b"good\n"
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(DataError, match=r"a.txt: found input/output error; expected a file that can be read"):
        list(guarded(lines(), tmp_path / "a.txt"))


@pytest.mark.parametrize("first", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_the_mark_of_a_file_that_was_put_behind_is_no_text(write: Write, first: str, encoding: str) -> None:
    contents = f"{first}第一行，不错\n\ufeff第二行，也不错\n"
    path = write("a.txt", contents.encode(encoding))
    assert [line for _, line in open_text(path).lines()] == ["第一行，不错\n", "第二行，也不错\n"]
