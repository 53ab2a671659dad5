"""Opens a model.onnx on the device that was asked for, never on another in silence."""

from __future__ import annotations

import re
from contextlib import redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any

import onnxruntime

from finetune.errors import RequestError
from finetune.wording import shorten

if TYPE_CHECKING:
    from pathlib import Path

# how long a thread that waits for work keeps its core, in microseconds; BERT-base in int8 on two cores beside
# one busy program: 111 texts a second, 76 by default; alone 200 with either
SPIN = "50"
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
ON_A_GPU = (
    'install "onnxruntime-gpu==1.26.*" in the place of onnxruntime (it wants CUDA 12: the variants cu126 and '
    "cu128), or take the CPU"
)


def open_session(path: Path, threads: int | None, device: str) -> onnxruntime.InferenceSession:
    """Open a model on cpu, cuda or cuda:1; threads compute one batch on a CPU."""
    asked = provider(device)
    missing = preload() if asked[0] == CUDA else ""
    options = onnxruntime.SessionOptions()
    options.enable_mem_pattern = False  # one plan is kept for every shape ever seen, and shapes vary
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN)
    if threads is not None:
        options.intra_op_num_threads = threads
    try:  # without its fallback, which computes on the CPU and says so on stdout alone
        session = onnxruntime.InferenceSession(str(path), options, providers=[asked], enable_fallback=0)
    except RuntimeError as error:  # from the device; what is wrong with a file has classes of its own
        raise not_used(cause(error)) from None
    except Exception as error:  # noqa: BLE001 - onnxruntime has fourteen classes, and none above them
        todo = "export the model again" + (", or take the CPU" if asked[0] == CUDA else "")
        raise RequestError(f"{path}: cannot be opened ({shorten(str(error), 300)}); {todo}") from None
    if session.get_providers()[0] != asked[0]:
        raise not_used(missing or "it gives no reason")
    return session


def provider(device: str) -> tuple[str, dict[str, Any]]:
    """Name what computes on a device: cuda:1 is the second GPU."""
    found = re.fullmatch(r"cpu|cuda(?::(\d+))?", device)
    if found is None:
        raise RequestError(f"the device is {shorten(device)}; accepted: cpu, cuda, cuda:1 and so on")
    name, options = (CPU, {}) if device == "cpu" else (CUDA, {"device_id": int(found[1] or 0)})
    there = onnxruntime.get_available_providers()
    if name not in there:
        raise RequestError(f"this onnxruntime has no {name} (it has {', '.join(there)}); {ON_A_GPU}")
    return name, options


def preload() -> str:
    """Load CUDA's libraries, those of torch where it is there; return what is missing."""
    with suppress(ImportError):
        import torch  # noqa: F401, PLC0415 - an export needs no torch, but onnxruntime looks only beside itself
    told = StringIO()
    onnxruntime.set_default_logger_severity(4)  # what it would print is in our message
    with redirect_stdout(told):
        getattr(onnxruntime, "preload_dlls", lambda: None)()
    return next((line for line in told.getvalue().splitlines() if line.startswith("Failed")), "")


def cause(error: RuntimeError) -> str:
    """Cut CUDA's own words out of a long message."""
    found = re.search(r"CUDA failure[^;]*[^;\s]", str(error))
    return found[0] if found else shorten(str(error), 300)


def not_used(reason: str) -> RequestError:
    """Say why the GPU is not used, and what to do."""
    return RequestError(f"onnxruntime does not use the GPU ({reason}); {ON_A_GPU}")
