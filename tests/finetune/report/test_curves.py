"""Curves against figures that can be checked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn import metrics as theirs

from finetune.report import curves
from finetune.report.curves import MOST_CURVES, MOST_POINTS, all_curves, draw_both
from finetune.report.multi import ranking_sections
from finetune.report.sections import ranking_text
from finetune.report.thresholds import Held

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

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
    found = all_curves([f"类{n}" for n in range(labels)], truth, generator.random((60, labels)))
    draw_both(found, 0.4, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 10_000


@pytest.mark.parametrize("digits", [1, 6])
def test_areas_are_those_of_scikit_learn(digits: int) -> None:
    generator = np.random.default_rng(1)
    truth = generator.random((500, 3)) < 0.2
    scores = np.round((truth + 2 * generator.random((500, 3))) / 3, digits)
    found = all_curves("abc", truth, scores)
    assert found.roc[0].area == pytest.approx(theirs.roc_auc_score(truth[:, 0], scores[:, 0]))
    assert found.roc[-1].area == pytest.approx(theirs.roc_auc_score(truth.ravel(), scores.ravel()))
    precision = theirs.average_precision_score(truth.ravel(), scores.ravel())
    assert found.precision_recall[-1].area == pytest.approx(precision)


def test_no_more_points_are_held_than_can_be_seen() -> None:
    truth, scores = rare(20_000, 2)
    found = all_curves("ab", truth, scores)
    curves = [*found.roc, *found.precision_recall]
    assert max(len(one.across) for one in curves) <= MOST_POINTS + 2
    assert all(one.across[0] == 0 and one.across[-1] == 1 for one in curves)


def test_thinning_keeps_what_happens_at_the_top_of_the_ranking() -> None:
    truth, scores = rare(50_000, 2)
    (_, _, curve) = all_curves("ab", truth, scores).precision_recall
    up, across, _ = theirs.precision_recall_curve(truth.ravel(), scores.ravel())
    seen = np.interp([0.25, 0.5, 0.75], curve.across, curve.up)
    assert seen == pytest.approx(np.interp([0.25, 0.5, 0.75], across[::-1], up[::-1]), abs=0.05)


def test_of_more_labels_than_can_be_drawn_the_areas_alone_are_kept() -> None:
    truth, scores = rare(3000, MOST_CURVES + 1)
    found = all_curves([str(n) for n in range(MOST_CURVES + 1)], truth, scores)
    assert [len(one.across) for one in found.roc[:-1]] == [0] * (MOST_CURVES + 1)
    assert found.roc[0].area == pytest.approx(theirs.roc_auc_score(truth[:, 0], scores[:, 0]))


def test_of_millions_of_pairs_a_sample_is_drawn_which_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, scores = rare(20_000, 12)
    names = [str(n) for n in range(12)]
    exact = all_curves(names, truth, scores)
    monkeypatch.setattr(curves, "MOST_PAIRS", 40_000)
    found = all_curves(names, truth, scores)
    assert found.roc[-1].area == pytest.approx(exact.roc[-1].area, abs=0.005)
    assert found.precision_recall[-1].area == pytest.approx(exact.precision_recall[-1].area, abs=0.02)
    assert exact.sample == ""
    assert "from a seeded sample of the 240,000 pairs of text and label: 2,4" in found.sample


def test_the_sample_is_told_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "MOST_PAIRS", 100)
    truth, scores = rare(3000, 2)
    assert "from a seeded sample of" in ranking_text(all_curves("ab", truth, scores))
    (section,) = ranking_sections(Held("ab", truth, scores, np.array([0.5, 0.5])))
    assert section.text.endswith("pairs of text and label: 57 that hold and 99 that do not.")


def rare(rows: int, labels: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Make labels that few texts have, and scores that mostly find them."""
    generator = np.random.default_rng(1)
    truth = generator.random((rows, labels)) < 0.01
    return truth, 1 / (1 + np.exp(-generator.normal(size=truth.shape) - 4 * truth + 3))
