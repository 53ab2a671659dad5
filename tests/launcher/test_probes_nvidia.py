"""What /proc and /sys tell of NVIDIA, and what becomes of the child's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher.host import Completed
from launcher.probes import nvidia, toolkit
from tests.launcher.fakes import CHILD, RTX_4090, FakeHost, add_card, add_gpu, add_toolkit, driver_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 2024\nGCC version: 12\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n"


@pytest.mark.parametrize(
    ("text", "version"), [(CLOSED, "535.183.01"), (OPEN, "570.86.15"), ("", None), ("x", None)]
)
def test_the_modules_version_is_read_from_proc(text: str, version: str | None, host: FakeHost) -> None:
    host.write("/proc/driver/nvidia/version", text)
    assert nvidia.look(host).module == version


@pytest.mark.parametrize(
    ("vendor", "kind", "found"),
    [
        ("0x10de", "0x030000", 1),
        ("0x10de", "0x030200", 1),
        ("0x10de", "0x040300", 0),
        ("0x8086", "0x030000", 0),
        ("", "", 0),
    ],
    ids=["a graphics card", "a 3D controller", "a card's sound chip", "Intel", "unreadable"],
)
def test_a_card_is_a_display_device_of_nvidia(vendor: str, kind: str, found: int, host: FakeHost) -> None:
    host.write("/sys/bus/pci/devices/0000:01:00.0/vendor", vendor)
    host.write("/sys/bus/pci/devices/0000:01:00.0/class", kind)
    assert len(nvidia.look(host).cards) == found


def test_nvmls_answers_survive_a_crash_of_cuinit(host: FakeHost) -> None:
    add_gpu(host, RTX_4090)
    first_line = driver_answer(RTX_4090).splitlines()[0]
    host.commands[CHILD] = Completed((), -6, first_line + "\n")
    seen = nvidia.look(host)
    assert (seen.ending, seen.driver) == ("crash", nvidia.Driver("570.86.15", None))


def test_a_device_without_a_capability_is_passed_over(host: FakeHost) -> None:
    add_gpu(host, RTX_4090, {"name": "broken", "major": -1, "minor": -1})
    assert [gpu.name for gpu in nvidia.look(host).gpus] == [RTX_4090["name"]]


@pytest.mark.parametrize(("byte", "on"), [(b"\x01", True), (b"\x00", False)])
def test_secure_boot_is_the_last_byte_of_its_variable(byte: bytes, on: bool, host: FakeHost) -> None:  # noqa: FBT001 - the table's column
    add_card(host)
    host.write("/sys/firmware/efi/efivars/SecureBoot-8be4df61", b"\x06\x00\x00\x00" + byte)
    assert nvidia.look(host).secure_boot is on


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("NVIDIA Container Toolkit CLI version 1.17.8\ncommit: 1\n", "1.17.8"),
        ("cli-version: 1.14.3\n", "1.14.3"),
        ("", None),
    ],
)
def test_the_toolkit_tells_its_version(said: str, version: str | None, host: FakeHost) -> None:
    add_toolkit(host, "1.0")
    host.commands["nvidia-ctk --version"] = said
    assert toolkit.look(host).version == version


def test_a_hook_alone_is_a_toolkit_of_unknown_version(host: FakeHost) -> None:
    host.programs["nvidia-container-runtime-hook"] = ["/usr/bin/nvidia-container-runtime-hook"]
    assert toolkit.look(host) == toolkit.Toolkit(installed=True, hook=True)


def test_the_gpus_that_were_asked_for_are_the_ones_that_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, host: FakeHost
) -> None:
    asked: list[str] = []

    def ask(argv: Sequence[str], _timeout: float = 1) -> Completed:
        asked.append(argv[-1])
        return Completed((), 0, "{}")

    add_gpu(host)
    monkeypatch.setattr(host, "ask", ask)
    nvidia.look(host, wanted="0,2")
    assert asked == ["0,2"]
