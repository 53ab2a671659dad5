"""What doctor says of NVIDIA's driver, GPUs and container toolkit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from launcher.doctor import examine
from launcher.host import Completed
from tests.launcher.fakes import (
    CHILD,
    GIB,
    K80,
    RTX_4090,
    RTX_5090,
    V100,
    Case,
    FakeHost,
    add_card,
    add_gpu,
    add_toolkit,
    confirm,
    diagnose,
    driver_answer,
    steps,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.plan import Plan
    from launcher.variants import Variants

SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
INSTALLED = '{"nvml": {"code": 9}}\n{"cuda": {"library": "/usr/lib/libcuda.so.570.86.15", "code": 100}}\n'
WSL = "Linux version 5.15.167.4-microsoft-standard-WSL2"


def gpu(*rows: dict[str, Any], **changes: Any) -> Callable[[FakeHost], None]:  # noqa: ANN401
    return lambda host: add_gpu(host, *rows, **changes)


def nouveau(host: FakeHost) -> None:
    add_card(host)
    host.write("/sys/module/nouveau/refcnt", "1")


def installed_only(host: FakeHost) -> None:
    add_card(host)
    host.commands[CHILD] = INSTALLED


def secure_boot(host: FakeHost) -> None:
    installed_only(host)
    host.write(SECURE_BOOT, b"\x06\x00\x00\x00\x01")


def child_ends(answer: Completed | str) -> Callable[[FakeHost], None]:
    def change(host: FakeHost) -> None:
        add_gpu(host)
        host.commands[CHILD] = answer

    return change


def no_such_gpu(host: FakeHost) -> None:
    child_ends(driver_answer(cuda_code=100))(host)


def no_uvm(host: FakeHost) -> None:
    add_gpu(host, cuda_code=999)
    host.commands[CHILD] = driver_answer(cuda_code=999)
    host.remove("/dev/nvidia-uvm")


def in_wsl(host: FakeHost) -> None:
    host.write("/proc/version", WSL)
    host.write("/dev/dxg", "")
    library = "/usr/lib/wsl/drivers/nv_dispi.inf_amd64/libcuda.so.1.1"
    host.commands[CHILD] = driver_answer(RTX_4090, cuda_library=library, nvml_driver="572.16")
    add_toolkit(host, "1.17.8")
    host.engine(Runtimes={"runc": {}, "nvidia": {}})


def linux_driver_in_wsl(host: FakeHost) -> None:
    in_wsl(host)
    host.commands[CHILD] = driver_answer(RTX_4090)


def no_toolkit(host: FakeHost) -> None:
    add_gpu(host)
    del host.programs["nvidia-ctk"], host.programs["nvidia-container-runtime-hook"]


def no_hook(host: FakeHost) -> None:
    del host.programs["nvidia-container-runtime-hook"]
    host.engine()


def no_cgroups(host: FakeHost) -> None:
    add_gpu(host)
    host.write("/etc/nvidia-container-runtime/config.toml", "[nvidia-container-cli]\nno-cgroups = true\n")


def systemd_cgroups(host: FakeHost) -> None:
    add_gpu(host)
    host.engine(Runtimes={"nvidia": {}}, CgroupDriver="systemd")


def desktop_on_linux(host: FakeHost) -> None:
    add_gpu(host)
    host.engine(OperatingSystem="Docker Desktop")


CU118, CU128, CPU = {"VARIANT": "cu118"}, {"VARIANT": "cu128"}, {"VARIANT": "cpu"}
GPU_7, GPU_0_7 = {"GPUS": "7"}, {"GPUS": "0,7"}
DRIVER_CASES = [
    Case("no card", lambda _: None, "gpu-none", "info", ("cpu variant",)),
    Case("no card, and cu118 asked for", lambda _: None, "gpu-none", "error", ("VARIANT=cpu",), CU118),
    Case("a card without driver", add_card, "driver-missing", "error", ("nvidia-driver", "reboot")),
    Case(
        "a card without driver, cu118 asked for", add_card, "driver-missing", "error", ("no driver",), CU118
    ),
    Case("a card without driver, cpu asked for", add_card, "driver-missing", "info", ("no driver",), CPU),
    Case("nouveau", nouveau, "driver-nouveau", "error", ("blacklist nouveau", "update-initramfs -u")),
    Case("Secure Boot", secure_boot, "driver-secure-boot", "error", ("mokutil --import",)),
    Case("a module that is not loaded", installed_only, "driver-not-loaded", "error", ("modprobe nvidia",)),
    Case(
        "an upgrade without a reboot",
        gpu(module="570.99.01"),
        "driver-mismatch",
        "error",
        ("570.99.01", "570.86.15", "reboot"),
    ),
    Case("NVML refuses the module", gpu(nvml_code=18), "driver-mismatch", "error", ("mismatch",)),
    Case("cuInit refuses the module", gpu(cuda_code=803), "driver-mismatch", "error", ("mismatch",)),
    Case("cuInit hangs", child_ends(Completed((), -9, timed_out=True)), "driver-hung", "error", ("reboot",)),
    Case("cuInit crashes", child_ends(Completed((), -11, "{")), "driver-crashed", "error", ("dmesg",)),
    Case("the toolkit's stub", gpu(cuda_code=34), "driver-stub", "error", ("unset LD_LIBRARY_PATH",)),
    Case("a module without libcuda", gpu(cuda_library=None), "driver-half", "error", ("libcuda.so.1",)),
    Case("no fabric manager", gpu(cuda_code=802), "gpu-fabric-manager", "error", ("nvidia-fabricmanager",)),
    Case("no /dev/nvidia-uvm", no_uvm, "gpu-uvm", "error", ("nvidia-modprobe -u",)),
    Case("cuInit finds no device", gpu(cuda_code=100), "gpu-lost", "error", ("dmesg", "reboot")),
    Case("no card of this number", no_such_gpu, "gpus", "error", ("GPUS=7", "none of them"), GPU_7),
    Case("no second one", gpu(), "gpus", "error", ("GPUS=0,7: the driver shows 1", "nvidia-smi -L"), GPU_0_7),
    Case(
        "a GPU named where there is none", lambda _: None, "gpu-none", "error", ("make up GPUS=all",), GPU_7
    ),
    Case(
        "MIG without an instance",
        child_ends(driver_answer(nvml_mig=1)),
        "gpu-mig-empty",
        "error",
        ("mig -cgi",),
    ),
    Case(
        "WSL 1",
        lambda host: host.write("/proc/version", "Linux version 4.4.0-19041-Microsoft"),
        "wsl-1",
        "error",
        ("--set-version",),
    ),
    Case(
        "a Linux driver inside WSL2",
        linux_driver_in_wsl,
        "driver-inside-wsl",
        "warning",
        ("wsl.exe --shutdown",),
    ),
]
GPU_CASES = [
    Case("MIG", gpu(nvml_mig=1), "gpu-mig", "warning", ("one slice",)),
    Case("prohibited", gpu({**RTX_4090, "compute_mode": 2}), "gpu-prohibited", "error", ("-c DEFAULT",)),
    Case("exclusive", gpu({**RTX_4090, "compute_mode": 3}), "gpu-exclusive", "warning", ("-c DEFAULT",)),
    Case("2 GiB of memory", gpu({**RTX_4090, "memory": 2 * GIB}), "gpu-memory", "warning", ("2.0 GiB",)),
    Case("Kepler", gpu(K80), "gpu-architecture", "warning", ("sm_37", "VARIANT=cpu")),
    Case(
        "Blackwell on cu118", gpu(RTX_5090), "gpu-architecture", "error", ("sm_120", "VARIANT=cu128"), CU118
    ),
    Case("Volta on cu128", gpu(V100), "gpu-architecture", "error", ("sm_70", "VARIANT=cu118"), CU128),
    Case(
        "Blackwell with a driver of 2024",
        gpu(
            RTX_5090,
            module="550.54.14",
            nvml_driver="550.54.14",
            cuda_library="/usr/lib/libcuda.so.550.54.14",
        ),
        "driver-too-old",
        "warning",
        ("570.26 or newer", "550.54.14"),
    ),
    Case(
        "a driver of 2019",
        gpu(module="440.33.01", nvml_driver="440.33.01", cuda_library="/usr/lib/libcuda.so.440.33.01"),
        "driver-too-old",
        "warning",
        ("450.80.02 or newer",),
    ),
    Case(
        "Volta beside Blackwell",
        gpu(V100, RTX_5090),
        "variant",
        "error",
        ("GPU 0", "cu118", "GPU 1", "cu128"),
    ),
    Case("Blackwell on cu118 is refused", gpu(RTX_5090), "variant", "error", ("cu128",), CU118),
]
TOOLKIT_CASES = [
    Case(
        "no toolkit",
        no_toolkit,
        "toolkit-missing",
        "error",
        ("nvidia-container-toolkit", "nvidia-ctk runtime configure"),
    ),
    Case(
        "an unsafe toolkit",
        steps(gpu(), lambda host: add_toolkit(host, "1.16.2")),
        "toolkit-too-old",
        "warning",
        ("1.17.8", "CVE"),
    ),
    Case(
        "a toolkit that the engine does not know",
        steps(gpu(), FakeHost.engine),
        "toolkit-not-configured",
        "warning",
        ("restart docker",),
    ),
    Case(
        "the same without a hook",
        steps(gpu(), no_hook),
        "toolkit-not-configured",
        "error",
        ("could not select device driver",),
    ),
    Case("no-cgroups by mistake", no_cgroups, "toolkit-no-cgroups", "warning", ("no-cgroups=false",)),
    Case(
        "systemd's daemon-reload",
        systemd_cgroups,
        "gpu-lost-on-reload",
        "warning",
        ("daemon-reload", "create-dev-char-symlinks"),
    ),
    Case("Docker Desktop on Linux", desktop_on_linux, "gpu-desktop", "error", ("virtual machine",)),
]


@table(*DRIVER_CASES)
def test_it_explains_the_driver(case: Case, host: FakeHost, variants: Variants) -> None:
    confirm(case, host, variants)


@table(*GPU_CASES)
def test_it_explains_the_gpu(case: Case, host: FakeHost, variants: Variants) -> None:
    confirm(case, host, variants)


@table(*TOOLKIT_CASES)
def test_it_explains_the_toolkit(case: Case, host: FakeHost, variants: Variants) -> None:
    assert confirm(case, host, variants).mend


def test_a_working_gpu_needs_no_mending(host: FakeHost, variants: Variants) -> None:
    add_gpu(host, RTX_4090, RTX_4090)
    found = {finding.id: finding for finding in diagnose(host, variants)}
    assert {finding.status for finding in found.values()} == {"ok"}
    assert found["driver"].found == "NVIDIA driver 570.86.15 (CUDA 12.8) answers, 2 GPU(s)"
    assert found["variant"].found.startswith("cu118: 2 x NVIDIA GeForce RTX 4090 (sm_89)")


def test_a_base_that_is_here_already_will_do_without_a_network(host: FakeHost, variants: Variants) -> None:
    add_gpu(host, RTX_4090)
    host.unreachable("dns", "http")
    host.commands["docker image inspect"] = json.dumps([{"RepoTags": [variants.rows["cu118"].base_image]}])
    (found,) = [finding for finding in diagnose(host, variants) if finding.id == "variant"]
    assert (found.status, found.found[:6]) == ("ok", "cu118:")


def test_wsl2_shows_windows_driver_and_is_judged_by_cuda(host: FakeHost, variants: Variants) -> None:
    in_wsl(host)
    found = {finding.id: finding for finding in diagnose(host, variants)}
    assert found["driver"].found == "NVIDIA driver 572.16 (CUDA 12.8) answers, 1 GPU(s)"
    assert found["variant"].status == "ok"


def test_docker_desktop_in_wsl2_hands_the_gpu_on(host: FakeHost, variants: Variants) -> None:
    in_wsl(host)
    host.engine(OperatingSystem="Docker Desktop")
    found = {finding.id: finding.found for finding in diagnose(host, variants)}
    assert found["toolkit"] == "Docker Desktop in WSL2 hands the GPU on by itself"


@pytest.mark.parametrize("safe", ["links in /dev/char", "toolkit 1.18"])
def test_a_reload_does_no_harm_where(safe: str, host: FakeHost, variants: Variants) -> None:
    systemd_cgroups(host)
    if safe == "toolkit 1.18":
        add_toolkit(host, "1.18.0")
    else:
        host.write("/dev/char/195:0", "")
    assert "gpu-lost-on-reload" not in {finding.id for finding in diagnose(host, variants)}


def test_an_engine_that_finds_the_gpu_through_cdi_is_configured(host: FakeHost, variants: Variants) -> None:
    add_gpu(host)
    host.engine(DiscoveredDevices=[{"Source": "cdi", "ID": "nvidia.com/gpu=all"}])
    assert "toolkit-not-configured" not in {finding.id for finding in diagnose(host, variants)}


def test_the_toolkit_is_of_no_interest_on_the_cpu_variant(host: FakeHost, variants: Variants) -> None:
    no_toolkit(host)
    assert "toolkit-missing" not in {finding.id for finding in diagnose(host, variants, CPU)}


@pytest.mark.parametrize(("last", "status"), [("cpu", "warning"), ("cu118", "error"), ("", "error")])
def test_a_driver_that_does_not_answer_is_let_be_only_where_the_last_start_did(
    last: str, status: str, host: FakeHost, plan: Plan
) -> None:
    add_gpu(host, cuda_code=803)
    found = {one.id: one.status for one in examine(host, replace(plan, last=last))}
    assert found["driver-mismatch"] == status


@pytest.mark.parametrize(("last", "status"), [("cpu", "info"), ("cu118", "error")])
def test_a_card_that_is_gone_is_missed_where_the_last_start_used_it(
    last: str, status: str, host: FakeHost, plan: Plan
) -> None:
    found = {one.id: one.status for one in examine(host, replace(plan, last=last))}
    assert found["gpu-none"] == status


def test_of_several_slices_cuda_shows_only_the_first(host: FakeHost, variants: Variants) -> None:
    add_gpu(host, nvml_mig=2)
    assert "gpus" not in {one.id for one in diagnose(host, variants, {"GPUS": "MIG-1a,MIG-2b"})}
