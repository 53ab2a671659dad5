"""Opens a text file as people have it: gz or xz, any of the usual encodings, and yields numbered lines."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import re
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from finetune.errors import DataError, Problem
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SAMPLE_BYTES = 1 << 20
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# a character of GB18030: four bytes, or two; the group is a second byte that is a letter or sign of ASCII
WIDE = re.compile(rb"[\x81-\xfe](?:[0-9][\x81-\xfe][0-9]|([\x40-\x7e])|[\x80-\xfe])")
# Chinese news and reviews have below 0.2% of these, traditional characters a quarter, Big5 half
MOST_NARROW = 1 / 3
UNDECODED = re.compile("[\udc80-\udcff]")
AROUND = 20
ENCODINGS = "text in UTF-8, UTF-16 or GB18030", "save the file as UTF-8"
POINTER = b"version https://git-lfs.github.com/spec/"
SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".bz2", ".zst", ".tgz")


@dataclass(frozen=True)
class TextFile:
    """A file and the encoding found in it."""

    path: Path
    encoding: str

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield (line number from 1, line with its line feed).

        A byte that is no text stands in it as a lone surrogate (PEP 383), which undecoded() names.
        """
        with open_bytes(self.path) as raw:
            wide = self.encoding == "utf-16"
            source = transcode(raw) if wide else raw
            for number, line in enumerate(guarded(source, self.path), 1):
                yield number, decode(line, "utf-8" if wide else self.encoding)

    def text_lines(self) -> Iterator[tuple[int, str]]:
        """Yield lines as lines() does; a byte that is no text is an error."""
        for number, line in self.lines():
            must_be_text(line, self.path, number)
            yield number, line


def bare_suffix(path: Path) -> str:
    """Look through the compression: train.csv.gz is .csv."""
    suffixes = [one.lower() for one in path.suffixes]
    if suffixes and suffixes[-1] in {".gz", ".xz"}:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def open_bytes(path: Path) -> IO[bytes]:
    """Open the file, looking through gz and xz."""
    try:
        if path.suffix.lower() == ".gz":
            return cast("IO[bytes]", gzip.open(path))
        return lzma.open(path) if path.suffix.lower() == ".xz" else path.open("rb")
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise DataError(
            Problem(path, None, found, "a file that can be read", "check the path and its owner")
        ) from None


def guarded(source: Iterable[bytes], path: Path) -> Iterator[bytes]:
    """Yield raw lines; a damaged archive is the user's error, not ours."""
    try:
        yield from source
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        found = f"a damaged or cut archive ({error})"
        raise DataError(
            Problem(path, None, found, "a whole gz or xz file", "copy or download it again")
        ) from None
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise DataError(Problem(path, None, found, "a file that can be read", "check the disk")) from None


def transcode(raw: IO[bytes]) -> Iterator[bytes]:
    """Make UTF-16 lines splittable at a line feed byte; what is no UTF-16 becomes U+FFFD."""
    text = io.TextIOWrapper(raw, encoding="utf-16", errors="replace", newline="\n")
    try:
        yield from (line.encode("utf-8", "replace") for line in text)
    finally:
        text.detach()  # whoever opened the file closes it


def decode(line: bytes, encoding: str) -> str:
    """Decode one line, its end written as a line feed; a byte-order mark begins a file put behind another."""
    text = line.decode(encoding.removesuffix("-sig"), "surrogateescape")
    return text.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r") + "\n"


def undecoded(text: str) -> str | None:
    """Name the first byte in a text that did not decode, with what stands around it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        around = text[max(0, error.start - AROUND) : error.start + AROUND].strip()
        return f"byte 0x{ord(text[error.start]) & 0xFF:02x} in {shorten(UNDECODED.sub(chr(0xFFFD), around))}"
    return None


def must_be_text(text: str, path: Path, number: int) -> None:
    """Refuse a text with a byte that did not decode."""
    found = undecoded(text)
    if found:
        raise DataError(Problem(path, number, found, *ENCODINGS))


def open_text(path: Path) -> TextFile:
    """Look at the first megabyte: refuse binary and empty files, else name the encoding."""
    if path.is_dir():
        raise DataError(
            Problem(path, None, "a folder", "a file", "name a file in it, or give the folder to --data")
        )
    with open_bytes(path) as raw:
        head = read_head(raw, path)
    if not head.strip():
        raise DataError(
            Problem(path, None, "an empty file", "a text and its label on each line", "check the export")
        )
    if head.startswith(POINTER):
        found, todo = "a pointer of git-lfs instead of the file", "fetch the file itself with git lfs pull"
        raise DataError(Problem(path, 1, found, "the texts", todo))
    encoding = guess_encoding(head)
    if encoding is None:
        found = f"binary data {shorten(head[:16])}"
        raise DataError(Problem(path, 1, found, "text in UTF-8, UTF-16 or GB18030", as_text_file(path)))
    return TextFile(path, encoding)


def as_text_file(path: Path) -> str:
    """Say how a binary file becomes text."""
    kind = bare_suffix(path)
    if kind in SHEETS:
        return "save the sheet as CSV (UTF-8)"
    return "unpack it" if kind in ARCHIVES else "export it as text"


def read_head(raw: IO[bytes], path: Path) -> bytes:
    """Read the sample through the same guard as the lines."""
    head, size = [], 0
    for line in guarded(raw, path):
        head.append(line)
        size += len(line)
        if size >= SAMPLE_BYTES:
            break
    return b"".join(head)


def guess_encoding(head: bytes) -> str | None:
    """Name the encoding: by a byte-order mark, else UTF-8 where it fits, else GB18030; None is binary.

    What fits neither is taken for the one that it breaks less often, so that the first broken byte is named
    with its line.
    """
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        return None
    if fits(head, "utf-8"):
        return "utf-8"
    if fits(head, "gb18030"):
        return "gb18030" if is_chinese(head) else "utf-8"
    if 100 * len(CONTROL.findall(head)) > len(head) or not any(byte < 0x80 for byte in head):
        return None
    chinese = is_chinese(head) and faults(head, "gb18030") < faults(head, "utf-8")
    return "gb18030" if chinese else "utf-8"


def faults(head: bytes, encoding: str) -> int:
    """Count what does not decode."""
    return head.decode(encoding, "replace").count("\ufffd")


def fits(head: bytes, encoding: str) -> bool:
    """Tell whether this decodes; a character that is cut at the end does no harm."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def is_chinese(head: bytes) -> bool:
    """Tell GB18030 from the encodings of Western Windows and from Big5, whose bytes mostly decode as it too.

    "doesn\u2019t" in cp1252 is 0x92 and a t, which GB18030 reads as one character.
    """
    seconds = WIDE.findall(head)
    return sum(map(bool, seconds)) <= MOST_NARROW * len(seconds)
