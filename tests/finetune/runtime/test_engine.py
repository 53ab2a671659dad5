"""What the runtime refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from finetune.errors import RequestError
from finetune.runtime import load
from finetune.runtime.engine import assemble

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no model\.onnx in it; accepted: a folder that `finetune export"):
        load(tmp_path)


def test_a_device_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    with pytest.raises(RequestError, match="the device is 'tpu'; accepted: cpu, cuda"):
        load(tmp_path, device="tpu")


def test_a_gpu_is_never_replaced_by_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").touch()
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(RequestError, match="no CUDAExecutionProvider"):
        load(tmp_path, device="cuda")


def test_a_damaged_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "finetune.json").write_text(
        '{"task": "classify", "labels": ["a"], "pad_token_id": 0, "unk_token_id": 1}'
    )
    (tmp_path / "tokenizer.json").write_text('{"cut in')
    with pytest.raises(RequestError, match=r"tokenizer\.json: .*; export the model again"):
        assemble(tmp_path, lambda _: np.empty(0, np.float32))
