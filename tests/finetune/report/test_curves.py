"""Curves against figures that can be checked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from finetune.report.curves import all_curves, draw_both

if TYPE_CHECKING:
    from pathlib import Path

SCORES = np.array([[0.9, 0.1], [0.8, 0.7], [0.3, 0.6], [0.2, 0.4]])


def test_areas_of_one_label() -> None:
    found = all_curves(["spam"], np.array([[1], [0], [1], [0]], bool), SCORES[:, :1])
    assert [one.name for one in found.roc] == ["spam"]
    assert found.roc[0].area == pytest.approx(0.75)
    assert found.precision_recall[0].area == pytest.approx((1 + 2 / 3) / 2)


def test_several_labels_get_a_curve_of_all_together() -> None:
    found = all_curves(["a", "b"], np.array([[1, 0], [1, 1], [0, 1], [0, 0]], bool), SCORES)
    assert [one.name for one in found.roc] == ["a", "b", "all (micro)"]
    assert found.roc[0].area == 1.0


def test_a_label_that_no_text_has_or_every_text_has_is_left_out() -> None:
    assert all_curves(["a", "b"], np.array([[1, 0]] * 4, bool), SCORES).roc == []


@pytest.mark.parametrize("labels", [1, 3, 12])
def test_the_picture_is_drawn_for_few_and_many_labels(labels: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    truth = generator.random((60, labels)) < 0.4
    curves = all_curves([f"类{n}" for n in range(labels)], truth, generator.random((60, labels)))
    draw_both(curves, 0.4, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 10_000
