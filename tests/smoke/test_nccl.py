"""The all-reduce, over gloo where NCCL has no GPUs."""

from collections.abc import Callable

import pytest
from smoke import nccl
from smoke.results import FailedError, SkippedError
from smoke.settings import Settings


def test_two_processes_agree_on_the_sum() -> None:
    nccl.all_reduce("gloo", 2)


def test_a_dead_rank_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nccl, "_rank", _fall)
    with pytest.raises(FailedError, match="gloo over 2 processes: RuntimeError: link down") as caught:
        nccl.all_reduce("gloo", 2)
    assert "NCCL_DEBUG=INFO" in caught.value.mend


def _fall(rank: int, *_arguments: object) -> None:
    if rank == 1:
        raise RuntimeError("link down")


def test_one_gpu_may_skip_it(cu126: Settings, fake_gpus: Callable[..., None]) -> None:
    fake_gpus((9, 0))
    with pytest.raises(SkippedError, match="one GPU") as caught:
        nccl.check(cu126)
    assert caught.value.allowed


def test_the_cpu_variant_may_skip_it(cpu: Settings) -> None:
    with pytest.raises(SkippedError) as caught:
        nccl.check(cpu)
    assert caught.value.allowed


def test_two_gpus_run_it(
    cu126: Settings, fake_gpus: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, int]] = []
    fake_gpus((9, 0), (9, 0))
    monkeypatch.setattr(nccl, "all_reduce", lambda *arguments: ran.append(arguments))
    monkeypatch.setattr(nccl, "_version", lambda: (2, 26, 2))
    assert nccl.check(cu126).detail == "2 GPUs summed 16 MiB, NCCL 2.26.2"
    assert ran == [("nccl", 2)]


@pytest.mark.usefixtures("no_gpu")
def test_without_the_promised_gpu_it_fails(cu126: Settings) -> None:
    with pytest.raises(FailedError, match="needs a GPU"):
        nccl.check(cu126)
