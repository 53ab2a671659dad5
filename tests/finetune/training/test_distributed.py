"""Several processes: what each takes, what they agree on, the same result as one. On CPUs, over gloo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from finetune import pipeline
from finetune.cli import guarded, main
from finetune.errors import OtherRankError, RequestError, TrainingError
from finetune.training import distributed
from finetune.training.device import CPU_TOKENS
from finetune.training.distributed import ALONE, World, buckets, check_nodes, heard
from finetune.training.launch import count_processes, launch
from tests.finetune.training.company import (
    differing,
    failing,
    in_company,
    interrupted,
    short_of_memory,
    stuck,
)

ROOT = Path(__file__).resolve().parents[3]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=80).map(np.array), st.integers(1, 8))
def test_every_text_goes_to_exactly_one_process(lengths: np.ndarray, size: int) -> None:
    index = np.arange(len(lengths))
    parts = [World(rank, size).share(index, lengths) for rank in range(size)]
    assert sorted(np.concatenate(parts)) == list(index)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_tokens_are_dealt_evenly() -> None:
    lengths = np.array([9, 8, 7, 6])
    assert [World(rank, 2).share(np.arange(4), lengths).tolist() for rank in (0, 1)] == [[0, 3], [1, 2]]


def test_buckets_keep_every_tensor_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "BUCKET", 10)
    tensors = [torch.zeros(size) for size in (4, 4, 4, 30, 1)]
    assert [[len(one) for one in group] for group in buckets(tensors)] == [[4, 4], [4], [30], [1]]


@pytest.mark.parametrize(("asked", "joined_nodes"), [(2, "1"), (1, "2")])
def test_a_job_that_fell_apart_is_refused(asked: int, joined_nodes: str) -> None:
    with pytest.raises(RequestError, match="nodes of the same name are taken for one"):
        check_nodes(asked, {"GROUP_WORLD_SIZE": joined_nodes})


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(RequestError, match="accepted: up to 1 processes"):
        World(0, 2, 0, 2).gpu(None)
    with pytest.raises(RequestError, match="accepted: 1 to 1, or all"):
        count_processes(2)
    assert count_processes("all") == 1


def test_one_gpu_for_several_processes_is_refused() -> None:
    with pytest.raises(RequestError, match="--gpu-id is 0, but 2 processes train together"):
        World(0, 2, 0, 2).gpu(0)


def test_gpus_without_a_gpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match="leave --gpus out to train on the CPU"):
        count_processes("all")


def test_alone_nothing_is_sent() -> None:
    assert ALONE.any(holds=True)
    assert ALONE.first(lambda: 3) == ALONE.in_turn(lambda: 3) == 3
    assert ALONE.gathered({1: 2}) == {1: 2}


def test_processes_agree_and_add_up() -> None:
    said: list[str] = []
    found = launch(2, in_company, said.append)
    assert found == [True, False, 0, [[3.0] * 3, [1.0] * 3, None], [0.0, 0.0], {0: "x", 1: "x"}]
    assert said == ["only rank 0 speaks"]


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("leader", RequestError, "this is wrong"),
        ("follower", RequestError, "this is wrong"),
        ("killed", TrainingError, "rank 1 ended with exit code -9"),
    ],
)
def test_an_error_in_one_process_ends_all_and_is_told(how: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        launch(2, partial(failing, how), print)


def test_processes_that_compute_in_different_formats_are_refused() -> None:
    with pytest.raises(RequestError, match="rank 0 cuda bf16, rank 1 cuda fp16; pass a --precision"):
        launch(2, differing, print)


def test_a_mistake_is_told_although_another_process_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune.training.launch.GRACE_SECONDS", 1.0)
    with pytest.raises(RequestError, match="this is wrong"):
        launch(2, stuck, print)


def test_an_error_that_another_process_tells_is_not_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        raise OtherRankError(2)

    assert guarded(work) == 2
    assert capsys.readouterr().err == ""


# 241 texts in steps of 16: the last step of the epoch has one text, so one process has none
MORE = ("--max-rows", "241", "--max-steps", "16", "--eval-steps", "8", "--logging-steps", "1")


def arguments(news: Path, encoder: Path, out: Path, *more: str) -> list[str]:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out)]
    exact = ["--deterministic", "--precision", "fp32"]  # bf16 rounds other batches differently
    return ["classify", *given, *exact, "--lr", "1e-3", *MORE, *more]


@pytest.fixture(scope="module")
def calm_encoder(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(encoder, tmp_path_factory.mktemp("calm") / "tiny")
    config = json.loads((folder / "config.json").read_text())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def curve(out: Path) -> list[float]:
    state = max((out / "checkpoints").iterdir()) / "state.json"
    return [one["loss"] for one in json.loads(state.read_text())["state"]["losses"]]


def test_torchrun_with_two_processes_learns_what_one_process_does(
    news: Path, calm_encoder: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(arguments(news, calm_encoder, one, "--batch-size", "16", "--gpu-id", "-1")) == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    torchrun += ["--local-addr", "127.0.0.1"]  # a machine without a network may not know its own name
    more = arguments(news, calm_encoder, two, "--batch-size", "8", "--gpu-id", "-1")
    home = {"PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*torchrun, "-m", "finetune", *more], env={**os.environ, **home}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("precision  ") == 1
    assert curve(one) == pytest.approx(curve(two), rel=1e-4)
    left, right = (load_file(out / "model" / "model.safetensors") for out in (one, two))
    assert max(float((left[name] - right[name]).abs().max()) for name in left) < 1e-3


def test_memory_that_runs_out_in_one_process_makes_all_take_smaller_pieces(
    news: Path, calm_encoder: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(arguments(news, calm_encoder, one, "--batch-size", "16", "--gpu-id", "-1")) == 0
    command = arguments(news, calm_encoder, two, "--batch-size", "8", "--gpu-id", "-1")
    assert launch(2, partial(short_of_memory, command), print) == 0
    assert curve(one) == pytest.approx(curve(two), rel=1e-4)
    running = load_file(max((two / "checkpoints").iterdir()) / "running.safetensors")
    assert running["max_tokens"] < CPU_TOKENS


def test_a_connection_that_breaks_without_a_word_is_an_ended_process_too() -> None:
    with (
        pytest.raises(OtherRankError, match=r"another process of this run has ended \(RuntimeError\)"),
        heard(),
    ):
        raise RuntimeError


@pytest.mark.slow
def test_ctrl_c_saves_once_and_all_processes_resume_to_the_bit(
    news: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "count_processes", lambda _: 2)  # as if there were two GPUs
    command = arguments(news, encoder, tmp_path / "run", "--batch-size", "8", "--gpus", "2")
    with monkeypatch.context() as patch:
        patch.setattr(
            pipeline, "launch", lambda count, work, say: launch(count, partial(interrupted, work), say)
        )
        assert main(command) == 1
    assert max((tmp_path / "run" / "checkpoints").iterdir()).name == "step-00000008"
    assert not (tmp_path / "run" / "metrics.json").exists()
    assert main(command) == 0
    whole = tmp_path / "whole"
    assert main([*command, "--output-dir", str(whole)]) == 0
    left, right = (load_file(out / "model" / "model.safetensors") for out in (tmp_path / "run", whole))
    assert all(torch.equal(left[name], right[name]) for name in left)
