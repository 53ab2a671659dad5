"""Opening a model: on the device that was asked for or not at all, and damaged files are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest

from finetune.errors import RequestError
from finetune.runtime.session import CUDA, open_session

if TYPE_CHECKING:
    from pathlib import Path

CPU = "CPUExecutionProvider"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An onnxruntime that was built for CUDA; it notes what it is asked, and computes on `found`."""
    asked: dict[str, Any] = {"found": [CUDA, CPU]}

    class Session:
        def __init__(self, path: str, options: object, **how: object) -> None:
            asked.update(how, path=path, options=options)
            if "error" in asked:
                raise asked["error"]

        def get_providers(self) -> list[str]:
            (first, *_) = asked["providers"]
            return list(asked["found"]) if first[0] == CUDA else [CPU]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: asked.update(loaded=True), raising=False)
    return asked


def test_the_gpu_of_that_number_is_asked_for_and_no_other_device(gpu: dict[str, Any], tmp_path: Path) -> None:
    open_session(tmp_path / "model.onnx", None, "cuda:1")
    assert gpu["providers"] == [(CUDA, {"device_id": 1})]
    assert gpu["enable_fallback"] == 0
    assert gpu["loaded"]


def test_a_session_that_computes_on_the_cpu_after_all_is_refused(gpu: dict[str, Any], tmp_path: Path) -> None:
    gpu["found"] = [CPU]
    with pytest.raises(RequestError, match=r"does not use the GPU .*onnxruntime-gpu==1\.26\.\*.* cu126"):
        open_session(tmp_path / "model.onnx", None, "cuda:0")


def test_a_gpu_that_cannot_be_used_is_refused_with_cudas_reason(gpu: dict[str, Any], tmp_path: Path) -> None:
    gpu["error"] = RuntimeError(
        "x.cc:60 FAIL : CUDA failure 35: driver is insufficient ; GPU=-1 ; hostname=h"
    )
    with pytest.raises(
        RequestError, match=r"does not use the GPU \(CUDA failure 35: driver is insufficient\)"
    ):
        open_session(tmp_path / "model.onnx", None, "cuda:0")


@pytest.mark.parametrize("device", ["tpu", "cuda:", "cuda:x", "cuda:-1", "cpu:1"])
def test_devices_that_do_not_exist_are_refused(device: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=f"the device is '{device}'; accepted: cpu, cuda, cuda:1"):
        open_session(tmp_path / "model.onnx", None, device)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x07 the beginning of something")
    with pytest.raises(RequestError, match=r"model\.onnx: cannot be opened \(.*\); export the model again"):
        open_session(path, 1, "cpu")


def test_threads_that_wait_give_their_core_to_others_soon(gpu: dict[str, Any], tmp_path: Path) -> None:
    open_session(tmp_path / "model.onnx", 2, "cpu")
    assert gpu["options"].get_session_config_entry("session.intra_op.spin_duration_us") == "50"
