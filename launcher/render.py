"""Turns findings into text for a terminal or into JSON; decides nothing."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING

from launcher.findings import ERROR, INFO, OK, STATUSES, WARNING, Finding, exit_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS = {OK: "32", INFO: "36", WARNING: "33", ERROR: "31"}
UNICODE_MARKS = {OK: "✓", INFO: "·", WARNING: "!", ERROR: "✗"}
ASCII_MARKS = {OK: "ok", INFO: "--", WARNING: "!!", ERROR: "XX"}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WIDEST, NARROWEST, NAME_WIDTH = 110, 40, 22


@dataclass(frozen=True)
class Style:
    """How wide, and whether with colour and signs beyond ASCII."""

    width: int = 100
    colour: bool = False
    unicode: bool = False


def style_of(out: IO[str], environ: Mapping[str, str]) -> Style:
    """Colour only on a terminal and without NO_COLOR; signs only where the encoding has them."""
    live = out.isatty()
    columns = shutil.get_terminal_size((100, 24)).columns if live else 100
    colour = live and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    encoding = (getattr(out, "encoding", None) or "").lower().replace("-", "")
    return Style(max(NARROWEST, min(columns, WIDEST)), colour, encoding == "utf8")


def writable(text: str, out: IO[str]) -> str:
    """The text with a ? for what the stream cannot encode: a name from the host may hold any byte."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def printable(text: str) -> str:
    """Without colours and control characters: what other programs said may hold some."""
    return "".join(sign if sign.isprintable() else " " for sign in ESCAPES.sub("", text))


def as_json(findings: Sequence[Finding]) -> str:
    """One object: version, exit_code, counts, and the findings with a fixed set of keys."""
    counts = {status: sum(finding.status == status for finding in findings) for status in STATUSES}
    rows = [{**asdict(finding), "mend": list(finding.mend)} for finding in findings]
    data = {"version": 1, "exit_code": exit_code(findings), "counts": counts, "findings": rows}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_text(findings: Sequence[Finding], style: Style) -> str:
    """A line for each finding; what is not ok also says what it causes and what mends it."""
    blocks = [_block(finding, style) for finding in findings]
    return "\n".join([*blocks, "", _summary(findings, style)]) + "\n"


def _block(finding: Finding, style: Style) -> str:
    marks = UNICODE_MARKS if style.unicode else ASCII_MARKS
    mark = _painted(marks[finding.status], COLOURS[finding.status], style)
    name = finding.id.ljust(NAME_WIDTH)
    indent = " " * (len(marks[finding.status]) + 1)
    body = _wrapped(finding.found, style.width - len(indent) - NAME_WIDTH - 1)
    lines = [f"{mark} {name} {body[0]}", *(f"{indent}{' ' * NAME_WIDTH} {line}" for line in body[1:])]
    if finding.status == OK:
        return "\n".join(lines)
    if finding.causes:
        lines += [f"{indent}  {line}" for line in _wrapped(f"causes: {finding.causes}", style.width - 6)]
    # commands are for pasting: they are never wrapped
    lines += [f"{indent}    {_painted(command, '1', style)}" for command in finding.mend]
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    flat = " ".join(printable(text).split())
    return textwrap.wrap(flat, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]


def _painted(text: str, colour: str, style: Style) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if style.colour else text


def _summary(findings: Sequence[Finding], style: Style) -> str:
    errors = [finding.id for finding in findings if finding.status == ERROR]
    warnings = sum(finding.status == WARNING for finding in findings)
    also = f"; {warnings} warning(s)" if warnings else ""
    if errors:
        text = f"{len(errors)} to mend before `make up` can work: {', '.join(errors)}{also}."
    else:
        text = f"Nothing is in the way of `make up`{also}."
    return "\n".join(_wrapped(text, style.width))
