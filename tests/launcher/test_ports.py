"""Which ports are taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from launcher import ports
from launcher.errors import RequestError
from launcher.plan import PORTS

if TYPE_CHECKING:
    from tests.launcher.stage import Stage

BEGIN = "# >>> written by `make up`; lines above and below are yours\n"


def choose(stage: Stage, *ours: int) -> list[int]:
    return list(ports.choose(stage, stage.settings, dict.fromkeys(PORTS, frozenset(ours))).values())


def test_the_usual_ones_are_taken_where_they_are_free(stage: Stage) -> None:
    assert choose(stage) == [8888, 2222, 6006, 8000]


def test_the_next_free_ones_are_taken_where_somebody_holds_them(stage: Stage) -> None:
    stage.taken = {8888, 8889, 6006}
    assert choose(stage) == [8890, 2222, 6007, 8000]


def test_those_of_the_last_start_are_taken_again(stage: Stage) -> None:
    stage.write_env(f"{BEGIN}JUPYTER_PORT=8895\nSSH_PORT=oops\n")
    assert choose(stage) == [8895, 2222, 6006, 8000]


def test_what_our_own_containers_hold_is_ours(stage: Stage) -> None:
    stage.taken = {8888, 2222, 6006}
    assert choose(stage, 8888, 2222, 6006) == [8888, 2222, 6006, 8000]


def test_the_users_own_is_never_changed_in_silence(stage: Stage) -> None:
    stage.env["SSH_PORT"] = "2222"
    stage.taken = {2222, 2223}
    complaint = (
        "SSH_PORT=2222: another program holds this port. Free it, or take the next free one: SSH_PORT=2224"
    )
    with pytest.raises(RequestError, match=re.escape(complaint)):
        choose(stage)


def test_two_services_never_share_one(stage: Stage) -> None:
    stage.env["SSH_PORT"] = "8888"
    assert choose(stage) == [8889, 8888, 6006, 8000]


def test_the_same_port_asked_for_twice_is_refused(stage: Stage) -> None:
    stage.env.update(SSH_PORT="9000", TENSORBOARD_PORT="9000")
    with pytest.raises(RequestError, match="9000: another service of the workbench has this port"):
        choose(stage)


def test_none_free_at_all_is_said(stage: Stage) -> None:
    stage.taken = set(range(1, 65536))
    with pytest.raises(RequestError, match="JUPYTER_PORT: no port is free from 8888 on"):
        choose(stage)


def test_the_last_port_of_all_is_the_end(stage: Stage) -> None:
    stage.env["SSH_PORT"] = "65535"
    stage.taken = {65535}
    with pytest.raises(RequestError, match="SSH_PORT: no port is free from 65535 on"):
        choose(stage)


def test_a_port_that_only_root_may_take_is_left_to_the_engine(stage: Stage) -> None:
    stage.env["SSH_PORT"] = "22"
    stage.low = {22}
    assert choose(stage) == [8888, 22, 6006, 8000]


def test_what_another_service_of_ours_holds_is_not_free(stage: Stage) -> None:
    stage.env["JUPYTER_PORT"] = "8000"
    stage.taken = {8000}
    with pytest.raises(RequestError, match="JUPYTER_PORT=8000: another program holds this port"):
        ports.choose(stage, stage.settings, {"serve": frozenset({8000})})
