"""The harness itself: what it takes for a warning."""

import pytest

from tests.image.engine import suspicious


@pytest.mark.parametrize(
    "line",
    [
        "[W 2026-11-21 02:59:53.711 ServerApp] no password",
        "[E 2026-11-21 02:59:53.711 ServerApp] boom",
        "Traceback (most recent call last):",
        "sshd: error: Bind to port 2222 failed",
        "UserWarning: something is deprecated",
    ],
)
def test_a_warning_is_noticed(line: str) -> None:
    assert suspicious(f"all is well\n{line}\n") == [line]


def test_what_services_say_when_all_is_well_passes() -> None:
    greeting = (
        "[C 2026-11-21 02:59:53.713 ServerApp] \n    To access the server, open this file in a browser:"
    )
    assert (
        suspicious(f"Server listening on :: port 2222.\n{greeting}\n[I 2026 ServerApp] Jupyter is running")
        == []
    )
