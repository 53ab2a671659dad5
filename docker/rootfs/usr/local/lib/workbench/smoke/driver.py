"""The driver as its own libraries tell it: NVML for version and devices, libcuda for its CUDA version.

No torch here: these answers are wanted most when torch does not even import.
"""

import ctypes
from collections.abc import Callable
from ctypes import byref, c_int, c_uint, c_void_p, create_string_buffer
from typing import Any

from .results import FailedError, Seen, SkippedError
from .settings import Settings

Load = Callable[[str], Any]

NO_GPU_MEND = (
    "On the host: `nvidia-smi` must work, then `make doctor` names what keeps the GPU out of the container "
    "(driver, toolkit, the gpu overlay); without a GPU choose VARIANT=cpu"
)


def check(settings: Settings, load: Load = ctypes.CDLL) -> Seen:
    """Ask NVML and the CUDA driver, and hold the answer against the variant's CUDA."""
    if not settings.record.wants_gpu:
        raise SkippedError("the cpu variant has no GPU", allowed=True)
    version, names = _nvml(load)
    speaks = _cuda_version(load)
    needed = (settings.record.cuda or "0").split(".")[0]  # minor versions of one major are compatible
    if speaks < int(needed) * 1000:
        raise FailedError(
            f"driver {version} speaks CUDA {_dotted(speaks)}, this image needs {needed}.0 or newer",
            "Update the host's driver, or take an older variant: VARIANT=cu118 make up",
        )
    detail = f"driver {version}, speaks CUDA {_dotted(speaks)}; {', '.join(names)}"
    return Seen(detail, {"driver": version, "driver_cuda": _dotted(speaks), "gpus": names})


def _nvml(load: Load) -> tuple[str, list[str]]:
    nvml = _library(load, "libnvidia-ml.so.1")
    _call(nvml, "nvmlInit_v2")
    try:
        version = create_string_buffer(96)
        _call(nvml, "nvmlSystemGetDriverVersion", version, c_uint(96))
        count = c_uint()
        _call(nvml, "nvmlDeviceGetCount_v2", byref(count))
        return version.value.decode(), [_name(nvml, index) for index in range(count.value)]
    finally:
        nvml.nvmlShutdown()


def _name(nvml: Any, index: int) -> str:  # noqa: ANN401 - a C library has no static type
    handle = c_void_p()
    _call(nvml, "nvmlDeviceGetHandleByIndex_v2", c_uint(index), byref(handle))
    name = create_string_buffer(96)
    _call(nvml, "nvmlDeviceGetName", handle, name, c_uint(96))
    return name.value.decode()


def _cuda_version(load: Load) -> int:
    cuda = _library(load, "libcuda.so.1")
    _call(cuda, "cuInit", c_uint(0))
    version = c_int()
    _call(cuda, "cuDriverGetVersion", byref(version))
    return version.value


def _library(load: Load, name: str) -> Any:  # noqa: ANN401 - a C library has no static type
    try:
        return load(name)
    except OSError as error:
        raise FailedError(f"{name} does not load: {error}", NO_GPU_MEND) from None


def _call(library: Any, name: str, *arguments: object) -> None:  # noqa: ANN401 - a C library has no static type
    code = getattr(library, name)(*arguments)
    if code:
        raise FailedError(f"{name} answered error {code}", NO_GPU_MEND)


def _dotted(version: int) -> str:
    """Write CUDA's number as people do: 12060 -> 12.6."""
    return f"{version // 1000}.{version % 1000 // 10}"
