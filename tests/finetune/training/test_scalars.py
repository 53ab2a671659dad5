"""The curves of a run that was started several times."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from finetune.training.scalars import Scalars

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("resumed_at", "steps"), [(0, [1]), (2, [1, 2, 3])])
def test_what_a_start_wrote_after_the_step_that_is_gone_on_from_does_not_count(
    tmp_path: Path, resumed_at: int, steps: list[int]
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped] # noqa: PLC0415 - slow

    with Scalars(tmp_path) as killed:
        killed.begin(0)
        for step in (1, 2, 3, 4):
            killed.write("train", {"loss": 1.0}, step)
    time.sleep(1.1)  # files are read in the order of their names, which begin with the second
    with Scalars(tmp_path) as second:
        second.begin(resumed_at)
        second.write("train", {"loss": 2.0}, resumed_at + 1)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [one.step for one in events.Scalars("train/loss")] == steps


def test_without_a_folder_nothing_is_written() -> None:
    with Scalars(None) as scalars:
        scalars.begin(0)
        scalars.write("train", {"loss": 1.0}, 1)
