"""How to get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import access

if TYPE_CHECKING:
    from tests.launcher.stage import Stage


@pytest.mark.parametrize(
    ("bind", "jupyter", "ssh"),
    [
        ("0.0.0.0", "http://127.0.0.1:8888/lab", "127.0.0.1"),  # noqa: S104
        ("192.0.2.7", "http://192.0.2.7:8888/lab", "192.0.2.7"),
        ("::", "http://[::1]:8888/lab", "::1"),
        ("2001:db8::7", "http://[2001:db8::7]:8888/lab", "2001:db8::7"),
    ],
)
def test_the_address_is_one_that_can_be_typed(bind: str, jupyter: str, ssh: str, stage: Stage) -> None:
    stage.write_env(f"BIND={bind}\nJUPYTER_PORT=8888\n")
    found = access.ways(stage.settings, stage.state)
    assert (found["jupyter.url"], found["ssh.host"]) == (jupyter, ssh)


def test_tensorboard_has_no_password_and_stays_on_this_machine(stage: Stage) -> None:
    stage.write_env("BIND=192.0.2.7\nTENSORBOARD_PORT=6006\n")
    assert access.ways(stage.settings, stage.state)["tensorboard.url"] == "http://127.0.0.1:6006/"


def test_make_ssh_has_a_configuration_of_its_own(stage: Stage) -> None:
    path = access.write_ssh_config(stage.settings, stage.state)
    assert path == stage.checkout / ".workbench" / "ssh" / "config"
    assert f'IdentityFile "{stage.state.identity}"' in path.read_text(encoding="utf-8")


def test_a_workspace_elsewhere_is_named_in_full(stage: Stage) -> None:
    stage.env["WORKSPACE"] = "/srv/nlp"
    said = access.welcome(stage.settings, stage.state)
    assert "/srv/nlp/{data,models,runs} are in /workspace in the container" in said
