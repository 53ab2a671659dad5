"""torch.compile of a small function, from an empty cache, held against the same function uncompiled."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from .devices import device_name, devices
from .results import FailedError, Seen
from .settings import Settings

Function = Callable[[torch.Tensor], torch.Tensor]

TRITON_NEEDS = (7, 0)
CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
COMPILER_MEND = (
    "torch.compile needs a C and C++ compiler and Python's headers: `gcc --version`, `g++ --version` and "
    "`ls $(python -c 'import sysconfig; print(sysconfig.get_path(\"include\"))')/Python.h` must work here"
)
WRONG_MEND = "The compiled code computes something else: update torch, or leave torch.compile out"


def small_function(x: torch.Tensor) -> torch.Tensor:
    """Return what a transformer's block is made of: an activation, a normalisation, a sum."""
    y = torch.nn.functional.gelu(x)
    return torch.nn.functional.layer_norm(y, y.shape[-1:]) + x.softmax(-1)


def check(settings: Settings) -> Seen:
    """Compile, compare, tell how long it took."""
    device = _device(devices(settings.record)[0])
    x = torch.randn(64, 256, device=device)
    started = time.perf_counter()
    with empty_caches():
        found = _run(torch.compile(small_function), x)
    seconds = time.perf_counter() - started
    error = float((found - small_function(x)).norm() / found.norm())
    if not error <= 1e-5:
        raise FailedError(f"compiled and plain results differ by {error:.1e}, expected 1e-05", WRONG_MEND)
    detail = f"compiled for {device_name(device)} in {seconds:.1f} s, same result"
    return Seen(detail, {"device": str(device), "compile_seconds": round(seconds, 2), "error": error})


def _device(device: torch.device) -> torch.device:
    """Return the CPU for a GPU older than Triton supports."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < TRITON_NEEDS:
        return torch.device("cpu")
    return device


def _run(function: Function, x: torch.Tensor) -> torch.Tensor:
    try:
        return function(x)
    except Exception as error:  # dynamo and inductor wrap a missing compiler in many classes
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise FailedError(f"torch.compile failed: {lines[0]}", COMPILER_MEND, message=str(error)) from error


@contextmanager
def empty_caches() -> Iterator[None]:
    """Point the compile caches at an empty folder: a kept result would hide a missing compiler."""
    before = {name: os.environ.get(name) for name in CACHES}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.update({name: str(Path(folder, name)) for name in CACHES})
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                os.environ.update({name: value} if value is not None else {})
