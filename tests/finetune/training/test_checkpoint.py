"""Checkpoints: whole or absent, few, and never believed without a look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from finetune.errors import TrainingError
from finetune.training import checkpoint
from finetune.training.checkpoint import Checkpoints, State


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


def test_all_of_a_checkpoint_is_on_the_disk_before_its_name_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[str]] = {}

    def flushed(path: Path) -> None:
        seen[path.name] = [one.name for one in tmp_path.glob("step-*")]

    monkeypatch.setattr(checkpoint, "flush", flushed)
    saved(tmp_path, 3)
    files = ("model.safetensors", "random.safetensors", "state.json")
    assert seen == {**{name: [] for name in files}, tmp_path.name: ["step-00000003"]}


def test_a_checkpoint_gets_its_name_by_a_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed: list[tuple[str, str]] = []

    def rename(path: Path, to: Path) -> None:
        renamed.append((path.name[:9], to.name))

    monkeypatch.setattr(Path, "rename", rename)
    saved(tmp_path, 3)
    assert renamed == [(".writing-", "step-00000003")]
    assert not list(tmp_path.glob("step-*"))


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
    restored = checkpoint.optimiser_tensors(other)
    assert tensors.keys() == restored.keys() > {"0.exp_avg"}
    assert all(torch.equal(tensors[name], value) for name, value in restored.items())


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


def test_a_checkpoint_that_was_passed_over_is_never_kept_in_place_of_a_sound_one(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2, keep=2)
    (checkpoints.path(2) / "model.safetensors").write_bytes(b"half of it")
    assert checkpoints.newest(print) is not None
    checkpoints.set_aside(newer_than=1)
    assert (tmp_path / ".damaged-step-00000002").is_dir()
    assert saved(tmp_path, 3, keep=2).steps() == [1, 3]
    assert not list(tmp_path.glob(".damaged-*"))


@pytest.mark.parametrize(("was", "now"), [('"seconds": 0.0', '"seconds": 9.0'), ('"step": 2', '"step": 1')])
def test_a_state_that_is_not_what_was_written_is_damage(tmp_path: Path, was: str, now: str) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    path = checkpoints.path(2) / "state.json"
    path.write_text(path.read_text().replace(was, now, 1))
    said: list[str] = []
    assert (found := checkpoints.newest(said.append)) is not None
    assert found[0].step == 1
    assert "state.json is not what was written" in said[0]


def test_a_checkpoint_stands_under_its_own_step(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1)
    checkpoints.path(1).rename(checkpoints.path(2))
    said: list[str] = []
    assert checkpoints.newest(said.append) is None
    assert "its state is that of step 1" in said[0]


def test_a_checkpoint_whose_state_has_no_digest_is_taken(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1)
    path = checkpoints.path(1) / "state.json"
    noted = json.loads(path.read_text())
    path.write_text(json.dumps({"state": noted["state"], "digests": noted["digests"]}))
    assert checkpoints.load(1)[0].step == 1
