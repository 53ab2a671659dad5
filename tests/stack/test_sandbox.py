"""What the containers may do and what they have: no root, no capabilities, room for workers and NCCL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.stack.workbench import SERVICES

if TYPE_CHECKING:
    from tests.stack.workbench import Workbench

each_service = pytest.mark.parametrize("service", SERVICES)


def status_of(workbench: Workbench, service: str, pid: str) -> dict[str, str]:
    """The lines of /proc/PID/status by name."""
    lines = workbench.inside("cat", f"/proc/{pid}/status", service=service).splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@each_service
@pytest.mark.parametrize("pid", ["1", "self"])
def test_no_process_has_or_can_get_a_capability(workbench: Workbench, service: str, pid: str) -> None:
    status = status_of(workbench, service, pid)
    held = {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert held == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


@each_service
def test_no_process_is_roots(workbench: Workbench, service: str) -> None:
    uids = workbench.docker("top", workbench.container(service), "-eo", "uid,pid,args").splitlines()[1:]
    assert [line for line in uids if line.split()[0] == "0"] == []
    assert len(uids) > 1


def test_shared_memory_is_as_large_as_compose_says(workbench: Workbench) -> None:
    asked = json.loads(workbench.compose("config", "--format", "json"))["services"]["workbench"]["shm_size"]
    assert workbench.inside("df", "-B1", "--output=size", "/dev/shm").split()[1] == asked  # noqa: S108 - the container's


def test_shared_memory_takes_more_than_the_engines_default(workbench: Workbench) -> None:
    code = "from multiprocessing.shared_memory import SharedMemory as S; s = S(create=True, size=100 << 20)"
    fill = f"{code}; s.buf[:] = b'x' * s.size; print(s.size); s.close(); s.unlink()"
    assert int(workbench.inside("python", "-c", fill)) >= 100 << 20


def test_the_stack_limit_is_nvidias(workbench: Workbench) -> None:
    assert workbench.inside("sh", "-c", "ulimit -s").strip() == str(64 * 1024)


def test_the_memory_lock_limit_is_what_make_up_found_possible(workbench: Workbench) -> None:
    lines = (line.partition("=") for line in (workbench.checkout / ".env").read_text().splitlines())
    decided = int({name: value for name, _, value in lines}["MEMLOCK"])
    seen = workbench.inside("sh", "-c", "ulimit -l").strip()
    assert seen == ("unlimited" if decided < 0 else str(decided // 1024))


def test_ssh_sessions_have_the_same_limits(workbench: Workbench) -> None:
    ask = "ulimit -s -l -n"
    assert workbench.launcher("ssh", ask).stdout == workbench.inside("bash", "-c", ask)


@each_service
def test_ports_are_published_on_this_machine_only(workbench: Workbench, service: str) -> None:
    found = workbench.inspect(service)["NetworkSettings"]["Ports"].values()
    published = [binding["HostIp"] for bindings in found for binding in bindings or []]
    assert set(published) == {"127.0.0.1"}


def test_tensorboard_can_only_read_the_runs(workbench: Workbench) -> None:
    ask = "touch /workspace/runs/x 2>&1 || true"
    assert "Read-only file system" in workbench.inside("sh", "-c", ask, service="tensorboard")


@each_service
def test_a_dead_service_comes_back_unless_stopped(workbench: Workbench, service: str) -> None:
    assert workbench.inspect(service)["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
