"""NVML and libcuda, played by objects that write through the pointers they are given."""

import ctypes
from typing import Any

import pytest
from smoke.driver import check
from smoke.results import FailedError, SkippedError
from smoke.settings import Settings


class FakeNvml:
    def __init__(self, *names: str, init: int = 0) -> None:
        self.names, self.init, self.ended = names, init, False

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVML's name
        return self.init

    def nvmlShutdown(self) -> int:  # noqa: N802
        self.ended = True
        return 0

    def nvmlSystemGetDriverVersion(self, text: Any, _size: ctypes.c_uint) -> int:  # noqa: N802, ANN401
        text.value = b"550.54.15"
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802, ANN401
        count._obj.value = len(self.names)  # noqa: SLF001 - what byref() wraps
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, handle: Any) -> int:  # noqa: N802, ANN401
        handle._obj.value = index.value + 1  # noqa: SLF001
        return 0

    def nvmlDeviceGetName(self, handle: Any, text: Any, _size: ctypes.c_uint) -> int:  # noqa: N802, ANN401
        text.value = self.names[handle.value - 1].encode()
        return 0


class FakeCuda:
    def __init__(self, version: int, init: int = 0) -> None:
        self.version, self.init = version, init

    def cuInit(self, _flags: ctypes.c_uint) -> int:  # noqa: N802 - CUDA's name
        return self.init

    def cuDriverGetVersion(self, version: Any) -> int:  # noqa: N802, ANN401
        version._obj.value = self.version  # noqa: SLF001
        return 0


def libraries(nvml: FakeNvml, cuda: FakeCuda) -> Any:  # noqa: ANN401
    return {"libnvidia-ml.so.1": nvml, "libcuda.so.1": cuda}.__getitem__


def test_version_and_devices_are_told(cu126: Settings) -> None:
    nvml = FakeNvml("RTX 4090", "RTX 3060")
    seen = check(cu126, libraries(nvml, FakeCuda(12_040)))
    assert seen.detail == "driver 550.54.15, speaks CUDA 12.4; RTX 4090, RTX 3060"
    assert seen.data == {"driver": "550.54.15", "driver_cuda": "12.4", "gpus": ["RTX 4090", "RTX 3060"]}
    assert nvml.ended


def test_a_driver_of_an_older_major_version_is_refused(cu126: Settings) -> None:
    with pytest.raises(FailedError, match=r"speaks CUDA 11\.8, this image needs 12\.0") as caught:
        check(cu126, libraries(FakeNvml("RTX 4090"), FakeCuda(11_080)))
    assert "VARIANT=cu118" in caught.value.mend


@pytest.mark.parametrize(
    ("nvml", "cuda", "told"),
    [
        pytest.param(FakeNvml(init=999), FakeCuda(12_040), "nvmlInit_v2 answered error 999", id="NVML"),
        pytest.param(FakeNvml("RTX"), FakeCuda(12_040, init=100), "cuInit answered error 100", id="CUDA"),
    ],
)
def test_an_error_code_is_told(cu126: Settings, nvml: FakeNvml, cuda: FakeCuda, told: str) -> None:
    with pytest.raises(FailedError, match=told):
        check(cu126, libraries(nvml, cuda))


def test_a_missing_library_is_named(cu126: Settings) -> None:
    def refuse(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    with pytest.raises(FailedError, match=r"libnvidia-ml\.so\.1 does not load"):
        check(cu126, refuse)


def test_the_cpu_variant_may_skip_it(cpu: Settings) -> None:
    with pytest.raises(SkippedError) as caught:
        check(cpu)
    assert caught.value.allowed
