"""Asks the CUDA driver and NVML through ctypes; run as a child process, since cuInit can hang or crash.

Prints one JSON object. Imports nothing of the project: it is started by its path.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
from typing import Any, Dict, List, Optional, Tuple

# WSL2 keeps the driver's libraries in a folder that the loader may not know
CUDA_NAMES = ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1")
NVML_NAMES = ("libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1")
CAPABILITY_MAJOR, CAPABILITY_MINOR, COMPUTE_MODE = 75, 76, 20
NAME_BYTES = 256


def show(wanted: str = "all") -> None:
    """Let CUDA show the wanted devices, whatever this shell hides from its own programs."""
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    if wanted != "all":
        os.environ.update(CUDA_VISIBLE_DEVICES=wanted, CUDA_DEVICE_ORDER="PCI_BUS_ID")


def load(names: Tuple[str, ...]) -> Optional[ctypes.CDLL]:
    """The first library that loads."""
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def library_file(stem: str) -> Optional[str]:
    """The file that was really loaded: its name carries the version of the driver's user half."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123
            found = re.search(rf"/\S*{re.escape(stem)}\.so\S*", maps.read())
    except OSError:
        return None
    return found.group() if found else None


def attribute(cuda: ctypes.CDLL, number: int, device: int) -> int:
    """One number that the driver knows of a device; -1 where it does not say."""
    value = ctypes.c_int(-1)
    cuda.cuDeviceGetAttribute(ctypes.byref(value), number, device)
    return value.value


def describe(cuda: ctypes.CDLL, index: int) -> Dict[str, Any]:
    """Name, capability, memory and compute mode of one device."""
    device = ctypes.c_int()
    cuda.cuDeviceGet(ctypes.byref(device), index)
    name = ctypes.create_string_buffer(NAME_BYTES)
    cuda.cuDeviceGetName(name, NAME_BYTES, device)
    memory = ctypes.c_size_t()
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    return {
        "index": index,
        "name": name.value.decode("utf-8", "replace"),
        "major": attribute(cuda, CAPABILITY_MAJOR, device.value),
        "minor": attribute(cuda, CAPABILITY_MINOR, device.value),
        "memory": memory.value,
        "compute_mode": attribute(cuda, COMPUTE_MODE, device.value),
    }


def ask_cuda(names: Tuple[str, ...]) -> Dict[str, Any]:
    """What libcuda says: its CUDA version, what cuInit returned, the devices."""
    cuda = load(names)
    if cuda is None:
        return {"library": None}
    version = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    code = cuda.cuInit(0)
    count = ctypes.c_int()
    if code == 0:
        code = cuda.cuDeviceGetCount(ctypes.byref(count))
    gpus: List[Dict[str, Any]] = [describe(cuda, index) for index in range(count.value)]
    return {
        "library": library_file("libcuda") or "libcuda",
        "version": version.value,
        "code": code,
        "gpus": gpus,
    }


def ask_nvml(names: Tuple[str, ...]) -> Dict[str, Any]:
    """What NVML says: the driver's version, and on how many devices MIG is on."""
    nvml = load(names)
    if nvml is None:
        return {}
    code = nvml.nvmlInit_v2()
    if code != 0:
        return {"code": code}
    text = ctypes.create_string_buffer(NAME_BYTES)
    nvml.nvmlSystemGetDriverVersion(text, NAME_BYTES)
    count = ctypes.c_uint()
    nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
    mig = sum(mig_is_on(nvml, index) for index in range(count.value))
    return {"code": 0, "driver": text.value.decode("utf-8", "replace"), "devices": count.value, "mig": mig}


def mig_is_on(nvml: ctypes.CDLL, index: int) -> bool:
    """Whether this GPU is cut into slices; older drivers and smaller GPUs do not know the question."""
    if not hasattr(nvml, "nvmlDeviceGetMigMode"):
        return False
    handle, current, pending = ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint()
    nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
    answer = nvml.nvmlDeviceGetMigMode(handle, ctypes.byref(current), ctypes.byref(pending))
    return bool(answer == 0 and current.value == 1)


if __name__ == "__main__":
    show(*sys.argv[1:2])
    # NVML first: its answers are printed even where cuInit then takes the process down
    sys.stdout.write(json.dumps({"nvml": ask_nvml(NVML_NAMES)}) + "\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps({"cuda": ask_cuda(CUDA_NAMES)}) + "\n")
