"""Every metric that a task measures is explained."""

from __future__ import annotations

from importlib import import_module

import pytest

from finetune.report.glossary import MEANINGS
from finetune.tasks.base import LOWER_IS_BETTER
from finetune.tasks.registry import MODULES


@pytest.mark.parametrize("module", MODULES.values())
def test_every_metric_has_a_meaning(module: str) -> None:
    names = import_module(f"finetune.tasks.{module}")
    tuples = [value for name, value in vars(names).items() if name.endswith("_METRICS")]
    assert tuples
    assert {one for names in tuples for one in names} <= set(MEANINGS)


def test_what_the_report_calls_lower_is_better_also_chooses_so() -> None:
    assert {name for name, meaning in MEANINGS.items() if "lower is better" in meaning} == LOWER_IS_BETTER
