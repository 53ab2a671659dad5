"""The page that is sent on: everything inside, nothing fetched, nothing obeyed that stands in a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from finetune.report.page import page, png_width
from finetune.report.pictures import canvas
from finetune.report.sections import cell, escaped, table

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    "![x](http://example.com/a.png)",
    "[click](javascript:alert(1))",
    "*stars* and _lines_ and `code`",
    "a | b \\| c",
    "<http://example.com>",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_a_table_is_shown_as_it_stands(text: str, tmp_path: Path) -> None:
    shown = page("# title\n\n" + table(("text", "label"), [(text, "x")]), tmp_path)
    inside = re.findall(r"<td[^>]*>(.*?)</td>", shown)
    expected = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert inside == [expected, "x"]


def test_names_with_underscores_stay_readable_in_a_terminal() -> None:
    assert cell("learning_rate") == "learning_rate"
    assert cell("_private_") == "\\_private\\_"


def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    assert cell("*" * 500).endswith("\\*…")


def test_pictures_are_inside_and_have_the_size_they_were_drawn_for(tmp_path: Path) -> None:
    with canvas(tmp_path / "a.png", 4, 3) as (axes,):
        axes.plot([0, 1], [0, 1])
    assert png_width((tmp_path / "a.png").read_bytes()) == 600
    shown = page("# title\n\n![A picture](a.png)", tmp_path)
    assert 'src="data:image/png;base64,' in shown
    assert 'width="400"' in shown


def test_nothing_is_fetched(tmp_path: Path) -> None:
    shown = page("# title & more\n\n## Part\n\ntext", tmp_path)
    assert "<title>title &amp; more</title>" in shown
    assert '<a href="#part-1">Part</a>' in shown
    assert not re.search(r"https?:|url\(|@import|<script|<link", shown)


def test_the_title_is_the_name_as_it_was_given(tmp_path: Path) -> None:
    shown = page(f"# {escaped('Q&A *new*')}\n\n## {escaped('a_|_b')}", tmp_path)
    assert "<title>Q&amp;A *new*</title>" in shown
    assert '<a href="#part-1">a_|_b</a>' in shown
