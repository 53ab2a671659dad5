"""A service for the tests of this folder; of the network they may use the loopback alone."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.finetune.serving.live import Live, fake, model

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _fence(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection

    def only_here(address: tuple[str, int], *more: Any, **options: Any) -> socket.socket:  # noqa: ANN401
        assert address[0] == "127.0.0.1", "a test tried to reach the network"
        return connect(address, *more, **options)

    monkeypatch.setattr(socket, "create_connection", only_here)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One fast model."""
    with fake(model(tmp_path_factory.mktemp("models") / "counter")) as service:
        yield service
