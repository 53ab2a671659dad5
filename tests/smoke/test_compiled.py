"""torch.compile."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from smoke import compiled
from smoke.results import FailedError
from smoke.settings import Settings


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # within torch 2.13
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler here")
def test_it_compiles_and_agrees(cpu: Settings) -> None:
    seen = compiled.check(cpu)
    assert seen.detail.endswith("same result")
    assert seen.data["device"] == "cpu"


def test_a_missing_compiler_is_explained(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("\nInvalidCxxCompiler: No working C++ compiler found\nmore")

    monkeypatch.setattr(torch, "compile", lambda _function: refuse)
    with pytest.raises(FailedError, match="failed: InvalidCxxCompiler: No working") as caught:
        compiled.check(cpu)
    assert "g++ --version" in caught.value.mend


def test_another_result_is_seen(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function: lambda x: function(x) + 1)
    with pytest.raises(FailedError, match="compiled and plain results differ"):
        compiled.check(cpu)


@pytest.mark.usefixtures("no_gpu")
def test_without_the_promised_gpu_it_fails(cu126: Settings) -> None:
    with pytest.raises(FailedError, match="needs a GPU"):
        compiled.check(cu126)


def test_a_gpu_too_old_for_triton_leaves_it_to_the_cpu(
    cu126: Settings, fake_gpus: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gpus((6, 1))
    monkeypatch.setattr(torch, "compile", lambda function: function)
    assert compiled.check(cu126).data["device"] == "cpu"


def test_the_caches_are_empty_and_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/before")
    monkeypatch.delenv("TRITON_CACHE_DIR", raising=False)
    with compiled.empty_caches():
        assert not Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]).exists()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "/before"
    assert "TRITON_CACHE_DIR" not in os.environ
