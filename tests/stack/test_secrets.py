"""No password, hash, token or private key where somebody else may read it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tests.stack.notebook_server import Jupyter
from tests.stack.workbench import SERVICES

if TYPE_CHECKING:
    from tests.stack.workbench import Workbench

SECRET_FILES = ["jupyter_password", "ssh/id_ed25519", "network.env", "container/authorized_keys"]


@pytest.fixture
def secrets(workbench: Workbench) -> list[str]:
    hashed = (workbench.state / "container" / "jupyter_password_hash").read_text().strip()
    key = workbench.identity_file.read_text().splitlines()[2]
    assert hashed.startswith("argon2:")
    return [workbench.password, hashed, hashed.rpartition("$")[2], key, "lab?token="]


def found(secrets: list[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


def test_not_in_the_logs_even_after_somebody_logged_in(workbench: Workbench, secrets: list[str]) -> None:
    assert Jupyter(workbench.jupyter).log_in(workbench.password)
    assert found(secrets, workbench.compose("logs", "--no-color")) == []


@pytest.mark.parametrize("service", SERVICES)
def test_not_in_what_the_engine_tells(workbench: Workbench, service: str, secrets: list[str]) -> None:
    assert found(secrets, workbench.docker("inspect", workbench.container(service))) == []


def test_not_in_the_image_or_its_history(workbench: Workbench, secrets: list[str]) -> None:
    image = workbench.docker("image", "inspect", workbench.image)
    history = workbench.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", workbench.image)
    assert found(secrets, image + history) == []


def test_not_in_dotenv(workbench: Workbench, secrets: list[str]) -> None:
    assert found(secrets, (workbench.checkout / ".env").read_text()) == []


def test_not_in_what_make_logged(workbench: Workbench, secrets: list[str]) -> None:
    logs = (workbench.state / "logs").glob("*.log")
    assert found(secrets, "".join(log.read_text() for log in logs)) == []


def test_not_among_the_processes(workbench: Workbench, secrets: list[str]) -> None:
    shown = [workbench.docker("top", workbench.container(one), "-eo", "pid,args") for one in SERVICES]
    assert found(secrets, "".join(shown)) == []


def test_tensorboard_sees_no_credentials(workbench: Workbench) -> None:
    mounts = workbench.inspect("tensorboard")["Mounts"]
    assert [mount["Destination"] for mount in mounts] == ["/workspace/runs"]


def test_the_launchers_folder_is_closed_to_others(workbench: Workbench) -> None:
    assert stat.S_IMODE(workbench.state.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", SECRET_FILES)
def test_a_secret_file_is_readable_by_its_owner_only(workbench: Workbench, name: str) -> None:
    assert stat.S_IMODE((workbench.state / name).stat().st_mode) == 0o600
