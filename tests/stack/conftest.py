"""The running workbench, and a person's ways into it; no test starts before it is healthy."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.stack.notebook_server import Jupyter
from tests.stack.openssh import OpenSsh
from tests.stack.workbench import CHECKOUT, NotUpError, Workbench, find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_SECONDS = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the stack; what disturbs it comes last."""
    for item in items:
        if "tests/stack/" in item.path.as_posix():
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session")
def workbench() -> Workbench:
    try:
        found = find(CHECKOUT)
    except NotUpError as error:
        pytest.skip(str(error))
    found.wait_until_healthy()
    return found


@pytest.fixture(autouse=True)
def _healthy(workbench: Workbench) -> None:
    workbench.wait_until_healthy()


@pytest.fixture
def jupyter(workbench: Workbench) -> Jupyter:
    """Logged in."""
    session = Jupyter(workbench.jupyter)
    assert session.log_in(workbench.password)
    return session


@pytest.fixture(scope="session")
def ssh(workbench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> OpenSsh:
    home = tmp_path_factory.mktemp("home")
    ended = workbench.launcher("ssh-config", HOME=str(home))
    assert ended.returncode == 0, ended.stderr
    return OpenSsh(home / ".ssh" / "config", workbench.name)


@pytest.fixture
def scratch(workbench: Workbench) -> Iterator[str]:
    """A folder of the test's own below /workspace, made and removed in the container."""
    name = f"data/stack-test-{uuid.uuid4().hex[:8]}"
    workbench.inside("mkdir", f"/workspace/{name}")
    yield name
    workbench.inside("rm", "-r", f"/workspace/{name}")


@pytest.fixture(scope="session")
def workspace(workbench: Workbench) -> Path:
    """The host's side of /workspace."""
    data = next(m for m in workbench.inspect("workbench")["Mounts"] if m["Destination"] == "/workspace/data")
    return workbench.checkout.__class__(data["Source"]).parent
