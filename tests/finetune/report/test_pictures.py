"""Pictures find a font for Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.image import imread

from finetune.report import pictures
from finetune.report.pictures import CJK_FONTS, LONGEST_LABEL, draw_confusion, drawable, fonts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A list that matplotlib wrote before a Chinese font was installed."""
    kept = [one for one in fontManager.ttflist if "CJK" not in one.name]
    monkeypatch.setattr(fontManager, "ttflist", kept)
    fonts.cache_clear()
    yield
    fonts.cache_clear()


@pytest.mark.usefixtures("_forgotten")
@pytest.mark.skipif(not any("CJK" in one for one in findSystemFonts()), reason="no Chinese font is installed")
def test_a_font_that_was_installed_later_is_found() -> None:
    assert fonts()[0] in CJK_FONTS


def test_hundreds_of_classes_are_a_picture_that_memory_holds(tmp_path: Path) -> None:
    draw_confusion(np.eye(300, dtype=np.int64), [f"class {one}" for one in range(300)], tmp_path / "all.png")
    assert max(imread(tmp_path / "all.png").shape) <= 5000


def test_a_long_label_keeps_its_beginning_and_its_end() -> None:
    found = [drawable(f"Complaints about the product, part {one}") for one in range(20)]
    assert len({*found}) == 20
    assert all(len(one) <= LONGEST_LABEL and one.startswith("Complaints") for one in found)


def test_a_label_that_no_font_has_is_not_longer_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "fonts", lambda: ["DejaVu Sans"])
    assert len(drawable("第" * 40)) <= LONGEST_LABEL
