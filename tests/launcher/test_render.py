"""How findings are printed: text for people, JSON with fixed keys for programs."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from launcher import doctor
from launcher.findings import Finding, error, exit_code, info, ok, warning
from launcher.plan import from_settings
from launcher.render import Style, as_json, as_text, printable, style_of, writable
from tests.launcher.fakes import CHECKOUT, FakeHost

if TYPE_CHECKING:
    from launcher.variants import Variants

FOUND = [
    ok("engine", "Docker Engine 28.2.2 answers"),
    info("gpu-none", "no NVIDIA GPU", "the cpu variant is taken"),
    warning(
        "clock", "the clock is behind " + "and behind " * 20, "certificates fail", ["date", "a " * 80 + "z"]
    ),
    error("disk-engine", "1.0 GiB free", "no space left", ["docker system df"]),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_has_these_keys_and_no_others() -> None:
    data = json.loads(as_json(FOUND))
    assert list(data) == ["version", "exit_code", "counts", "findings"]
    assert {tuple(row) for row in data["findings"]} == {("id", "status", "found", "causes", "mend")}
    assert data["counts"] == {"ok": 1, "info": 1, "warning": 1, "error": 1}
    assert data["findings"][3]["mend"] == ["docker system df"]


def test_text_says_what_is_wrong_what_it_causes_and_what_mends_it() -> None:
    text = as_text(FOUND[3:], Style())
    assert text.splitlines()[:3] == [
        "XX disk-engine            1.0 GiB free",
        "     causes: no space left",
        "       docker system df",
    ]


def test_good_news_takes_one_line() -> None:
    assert (
        as_text(FOUND[:1], Style()).splitlines()[0]
        == "ok engine                 Docker Engine 28.2.2 answers"
    )


def test_prose_is_wrapped_and_a_command_stays_one_line_for_pasting() -> None:
    lines = as_text(FOUND, Style(width=60)).splitlines()
    assert [line for line in lines if len(line) > 60 and "a a a" not in line] == []
    assert any(line.strip() == ("a " * 80 + "z") for line in lines)


@pytest.mark.parametrize(
    ("findings", "code", "summary"),
    [
        (FOUND[:2], 0, "Nothing is in the way of `make up`."),
        (FOUND[:3], 0, "Nothing is in the way of `make up`; 1 warning(s)."),
        (FOUND, 2, "1 to mend before `make up` can work: disk-engine; 1 warning(s)."),
    ],
    ids=["nothing wrong", "a warning", "an error"],
)
def test_the_summary_and_the_exit_code_agree(findings: list[Finding], code: int, summary: str) -> None:
    assert exit_code(findings) == code
    assert as_text(findings, Style()).splitlines()[-1] == summary


@pytest.mark.parametrize(
    ("environ", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
    ids=["a terminal", "NO_COLOR", "a dumb terminal", "an empty NO_COLOR"],
)
def test_colour_follows(environ: dict[str, str], colour: bool) -> None:  # noqa: FBT001 - the table's column
    style = style_of(Terminal(), environ)
    assert style.colour is colour
    assert ("\x1b[" in as_text(FOUND, style)) is colour


def test_a_file_gets_neither_colour_nor_signs() -> None:
    style = style_of(io.StringIO(), {})
    assert as_text(FOUND, style).isascii()


def test_a_utf_8_terminal_gets_signs() -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="UTF-8") as out:
        assert as_text(FOUND, style_of(out, {})).startswith("✓ engine")


def test_control_characters_become_blanks() -> None:
    assert printable("a\tb\x1b[1;32mc\x1b[0m\x00") == "a bc "


def test_control_characters_of_other_programs_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in as_text([ok("x", "\x1b[2Jgone\x07")], Style())


def test_bytes_that_are_no_text_are_printed_as_question_marks() -> None:
    assert writable("a\udcff b", io.StringIO()) == "a? b"
    with io.TextIOWrapper(io.BytesIO(), encoding="ascii") as out:
        assert writable("数据", out) == "??"


@pytest.mark.parametrize("format_", ["text", "json"])
def test_main_prints_and_gives_the_exit_code(format_: str, host: FakeHost, variants: Variants) -> None:
    host.programs["docker"] = []
    out = io.StringIO()
    assert doctor.main(host, from_settings(CHECKOUT, variants, {}), format_, out) == 2
    assert "engine-missing" in out.getvalue()
