"""Health tells the truth, and what dies comes back by itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.stack.notebook_server import Jupyter
from tests.stack.programs import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.openssh import OpenSsh
    from tests.stack.workbench import Workbench

pytestmark = pytest.mark.slow
ORPHANS = "import subprocess as s; [s.run(['sh', '-c', 'sleep 0.1 & exit']) for _ in range(20)]"


def signal(workbench: Workbench, name: str, pid: int, service: str = "workbench") -> None:
    workbench.inside("kill", f"-{name}", str(pid), service=service)


def tensorboard_pid(workbench: Workbench) -> int:
    """The server's own process, below the engine's little init."""
    return int(
        workbench.inside("pgrep", "--oldest", "-f", "tensorboard.main", "-P", "1", service="tensorboard")
    )


def last_words(workbench: Workbench, service: str) -> str:
    """What the latest health check said."""
    return str(workbench.inspect(service)["State"]["Health"]["Log"][-1]["Output"])


@contextmanager
def hung(workbench: Workbench, pid: int, service: str = "workbench") -> Iterator[None]:
    """A process that is there and does nothing."""
    signal(workbench, "STOP", pid, service)
    try:
        yield
    finally:
        signal(workbench, "CONT", pid, service)


def wait_for_health(workbench: Workbench, service: str, wanted: str) -> None:
    wait_until(lambda: workbench.health(service) == wanted, f"{service} is {wanted}", seconds=90)


def test_a_hung_jupyter_and_a_hung_tensorboard_are_unhealthy_until_they_go_on(workbench: Workbench) -> None:
    tensorboard = tensorboard_pid(workbench)
    with hung(workbench, workbench.pid("jupyter")), hung(workbench, tensorboard, "tensorboard"):
        wait_for_health(workbench, "workbench", "unhealthy")
        wait_for_health(workbench, "tensorboard", "unhealthy")
        assert "Jupyter does not answer on port 8888" in last_words(workbench, "workbench")
        assert workbench.make("status").returncode != 0
    workbench.wait_until_healthy()


def test_a_hung_sshd_is_unhealthy_until_it_goes_on(workbench: Workbench) -> None:
    with hung(workbench, workbench.pid("sshd")):
        wait_for_health(workbench, "workbench", "unhealthy")
        assert "sshd does not greet on port 2222" in last_words(workbench, "workbench")
    workbench.wait_until_healthy()


def killed(workbench: Workbench, supervised: str) -> int:
    """The new process of a supervised program after the old one was killed."""
    old = workbench.pid(supervised)
    signal(workbench, "KILL", old)
    wait_until(lambda: workbench.pid(supervised) not in {0, old}, f"{supervised} runs again")
    return workbench.pid(supervised)


def test_a_killed_jupyter_is_started_again_and_lets_people_in(workbench: Workbench) -> None:
    before = workbench.containers()
    assert killed(workbench, "jupyter") > 1
    wait_until(lambda: answers_password(workbench), "Jupyter lets people in")
    assert workbench.containers() == before


def answers_password(workbench: Workbench) -> bool:
    try:
        return Jupyter(workbench.jupyter).log_in(workbench.password)
    except OSError:
        return False


def test_a_killed_sshd_is_started_again_and_lets_people_in(workbench: Workbench, ssh: OpenSsh) -> None:
    before = workbench.containers()
    assert killed(workbench, "sshd") > 1
    wait_until(lambda: ssh.program("ssh", ssh.host, "true").returncode == 0, "sshd lets people in")
    assert workbench.containers() == before


def test_an_open_ssh_session_outlives_a_killed_sshd(workbench: Workbench, ssh: OpenSsh) -> None:
    line = "kill -9 $(s6-svstat -o pid /run/workbench/services/sshd); sleep 1; echo still here"
    assert ssh.program("ssh", ssh.host, line).stdout == "still here\n"
    wait_until(lambda: workbench.pid("sshd") != 0, "sshd runs again")


def test_a_killed_tensorboard_is_started_again(workbench: Workbench) -> None:
    before = workbench.inspect("tensorboard")["RestartCount"]
    signal(workbench, "KILL", tensorboard_pid(workbench), "tensorboard")
    wait_until(lambda: workbench.inspect("tensorboard")["RestartCount"] > before, "the engine restarted it")
    workbench.wait_until_healthy()


def test_a_killed_container_is_started_again_by_the_engine(workbench: Workbench, ssh: OpenSsh) -> None:
    state = workbench.inspect("workbench")["State"]
    on_the_host = ["run", "--rm", "--pid=host", "--user=0", "--network=none", "--entrypoint=kill"]
    workbench.docker(*on_the_host, workbench.image, "-KILL", str(state["Pid"]))
    wait_until(
        lambda: workbench.inspect("workbench")["State"]["Pid"] not in {0, state["Pid"]}, "a new process"
    )
    workbench.wait_until_healthy()
    assert ssh.command("echo back") == "back\n"


def test_the_first_process_reaps_orphans(workbench: Workbench) -> None:
    workbench.inside("python", "-c", ORPHANS)
    wait_until(lambda: "Z" not in workbench.inside("ps", "-eo", "stat="), "no zombie is left", seconds=20)
    assert workbench.inside("ps", "-o", "comm=", "-p", "1").strip() == "s6-svscan"


def test_the_health_check_leaves_no_line_in_the_logs(workbench: Workbench) -> None:
    workbench.inside("workbench-health")
    said = workbench.compose("logs", "--no-color", "--since", "20s")
    assert "SSH-2.0-health" not in said
    assert "127.0.0.1 port" not in said
