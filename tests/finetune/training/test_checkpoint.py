"""Checkpoints: whole or absent, few, and never believed without a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from finetune.errors import TrainingError
from finetune.training import checkpoint
from finetune.training.checkpoint import Checkpoints, State

if TYPE_CHECKING:
    from pathlib import Path


def parts(value: float) -> dict[str, dict[str, torch.Tensor]]:
    return {"model": {"weight": torch.full((3,), value)}, "random": {"cpu": torch.get_rng_state()}}


def saved(folder: Path, *steps: int, keep: int = 2, best: int | None = None) -> Checkpoints:
    checkpoints = Checkpoints(folder, keep)
    for step in steps:
        checkpoints.save(State(step=step, best_step=best), parts(step))
    return checkpoints


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    found = saved(tmp_path, 7).newest(print)
    assert found is not None
    assert found[0].step == 7
    assert torch.equal(found[1]["model"]["weight"], torch.full((3,), 7.0))


def test_only_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    assert saved(tmp_path, 1, 2, 3, 4, 5, best=2).steps() == [2, 4, 5]


@pytest.mark.parametrize("name", ["model.safetensors", "random.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_checkpoint_falls_back_and_says_so(tmp_path: Path, name: str, damage: str) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    path = checkpoints.path(2) / name
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 0xFF
    path.write_bytes(bytes(contents[: len(contents) // 2] if damage == "cut" else contents))
    if damage == "gone":
        path.unlink()
    said: list[str] = []
    found = checkpoints.newest(said.append)
    assert found is not None
    assert found[0].step == 1
    assert "step-00000002 is damaged" in said[0]


def test_a_full_disk_leaves_the_earlier_checkpoint_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = saved(tmp_path, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(
        TrainingError, match=r"step 2 cannot be written .*No space left.* free some disk space"
    ):
        checkpoints.save(State(step=2), parts(2))
    assert [one.name for one in tmp_path.iterdir()] == ["step-00000001"]


def test_what_a_killed_writer_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".writing-1234").mkdir(parents=True)
    saved(tmp_path, 3)
    assert [one.name for one in tmp_path.iterdir()] == ["step-00000003"]


def test_the_optimiser_goes_through_unchanged() -> None:
    weight = torch.nn.Parameter(torch.ones(4))
    optimiser = torch.optim.AdamW([weight])
    weight.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    tensors = checkpoint.optimiser_tensors(optimiser)
    other = torch.optim.AdamW([torch.nn.Parameter(torch.ones(4))])
    checkpoint.restore_optimiser(other, tensors)
    assert all(
        torch.equal(tensors[name], value) for name, value in checkpoint.optimiser_tensors(other).items()
    )


def test_a_damaged_newer_one_does_not_crowd_out_a_sound_one(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 3, keep=2)
    (checkpoints.path(3) / "state.json").unlink()
    assert saved(tmp_path, 2, keep=1).steps() == [2]


def test_where_none_is_sound_training_says_that_it_starts_anew(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1)
    (checkpoints.path(1) / "state.json").unlink()
    said: list[str] = []
    assert checkpoints.newest(said.append) is None
    assert said[-1] == "no sound checkpoint is left: training starts anew"
