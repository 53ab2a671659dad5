"""Which addresses lead to the machine itself."""

from __future__ import annotations

import pytest

from launcher.addresses import on_this_machine


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost", True),
        ("http://ada:x@127.0.0.1:1/", True),
        ("http://[::1]:7890", True),
        ("http://localhost@proxy.example:3128", False),
    ],
)
def test_this_machine_has_several_names(url: str, *, here: bool) -> None:
    assert on_this_machine(url) is here
