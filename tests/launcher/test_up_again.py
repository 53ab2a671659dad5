"""`make up` after something changed: what would take the work with it is refused, the rest is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from launcher.errors import CommandFailed, HostNotReady, RequestError
from launcher.host import Completed
from tests.launcher.fakes import CHILD, RTX_4090, add_card, add_gpu, driver_answer
from tests.launcher.stage import IMAGE, decided, up

if TYPE_CHECKING:
    from tests.launcher.stage import Stage

INSTEAD = "Without the GPU it goes on with: make up VARIANT=cpu"


@pytest.fixture
def stage(buildable: Stage) -> Stage:
    return buildable


def compose_ups(stage: Stage) -> int:
    return len([ran for ran in stage.started("docker compose") if "up" in ran.argv])


def test_a_gpu_that_does_not_answer_now_takes_no_training_with_it(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    up(stage)
    started = compose_ups(stage)
    stage.commands[CHILD] = driver_answer(cuda_code=803)
    with pytest.raises(HostNotReady, match=f"(?s)mismatch.*reboot.*{INSTEAD}"):
        up(stage)
    assert compose_ups(stage) == started
    assert decided(stage)["WORKBENCH_VARIANT"] == "cu118"


def test_a_card_without_a_driver_is_refused_until_the_cpu_is_asked_for(stage: Stage) -> None:
    add_card(stage)
    with pytest.raises(HostNotReady, match=f"(?s)1 NVIDIA card.*no driver.*{INSTEAD}"):
        up(stage)
    stage.env["VARIANT"] = "cpu"
    up(stage)
    del stage.env["VARIANT"]
    assert "Already up" in up(stage).text


@pytest.mark.parametrize("variant", ["", "cu118"])
def test_gpus_that_are_not_here_are_refused(variant: str, stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    stage.env.update(GPUS="0,7", VARIANT=variant)
    with pytest.raises(HostNotReady, match="GPUS=0,7: the driver shows 1 of them"):
        up(stage)


def test_the_volumes_follow_a_user_whose_number_changed(stage: Stage) -> None:
    up(stage)
    assert not [ran for ran in stage.ran if "--entrypoint=chown" in ran.argv]
    stage.user = 1234
    said = up(stage).text
    (given,) = [ran for ran in stage.ran if "--entrypoint=chown" in ran.argv]
    assert {"--user=0", "--volume=bench_home:/home/nlp", "--volume=bench_cache:/cache"} < set(given.argv)
    assert given.argv[-5:] == (IMAGE, "-R", "1234:1234", "/home/nlp", "/cache")
    assert "The container's user was 1000:1000 at the last start, and is 1234:1234 now." in said


def test_volumes_that_were_not_handed_over_are_tried_again(stage: Stage) -> None:
    up(stage)
    stage.user = 1234
    stage.fails["docker run --rm --network=none --user=0"] = Completed(("docker", "run"), 1, "no")
    with pytest.raises(CommandFailed):
        up(stage)
    assert decided(stage)["WORKBENCH_OWNER"] == "1000:1000"


def test_the_image_that_lost_its_name_goes_once_the_new_one_runs(stage: Stage) -> None:
    up(stage)
    old = stage.images[IMAGE]["Id"]
    assert not stage.started("docker image rm")
    (stage.checkout / "finetune" / "new.py").touch()
    up(stage)
    assert stage.ran[-1].line == f"docker image rm {old}"


def test_what_is_served_is_kept_for_compose(stage: Stage) -> None:
    up(stage)
    env = stage.read_env().replace("SERVE_PORT=8000", "SERVE_PORT=8001\nSERVE=/workspace/runs/news")
    stage.write_env(env)
    up(stage)
    assert decided(stage).items() >= {"SERVE": "/workspace/runs/news", "SERVE_PORT": "8001"}.items()


def test_an_address_of_another_machine_is_refused_before_the_build(stage: Stage) -> None:
    stage.env["BIND"] = stage.foreign = "192.0.2.7"
    with pytest.raises(RequestError, match=re.escape("BIND=192.0.2.7: no address of this machine")):
        up(stage)
    assert not stage.started("docker build")


def test_folders_that_selinux_keeps_from_containers_are_refused_before_the_build(stage: Stage) -> None:
    stage.write("/sys/fs/selinux/enforce", "1")
    stage.engine(SecurityOptions=["name=selinux"])
    stage.write(f"{stage.checkout}/notebooks/.keep", "")
    with pytest.raises(HostNotReady, match=f"chcon -Rt container_file_t {stage.checkout}/notebooks"):
        up(stage)
    assert not stage.started("docker build")
    stage.labels[f"{stage.checkout}/notebooks"] = "system_u:object_r:container_file_t:s0"
    assert "The workbench is up." in up(stage).text
