"""`make up` from end to end, on a host with an engine that remembers."""

from __future__ import annotations

import contextlib
import re
import shutil

import pytest

from launcher.base import candidates
from launcher.errors import CommandFailed, HostNotReady, RequestError, WorkbenchError
from launcher.host import Completed, Reach, Route
from tests.launcher.fakes import GIB, RTX_4090, RTX_5090, add_gpu
from tests.launcher.stage import NAME, Stage, Told, decided, up

WHEELS = "whl"


@pytest.fixture
def stage(buildable: Stage) -> Stage:
    return buildable


def blocked(stage: Stage, *parts: str) -> None:
    for part in parts:
        stage.answers[part] = Reach(part, ok=False, kind="timeout", reason="no answer", seconds=5.0)


def no_network(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Reach:
        pytest.fail("the network was asked")

    monkeypatch.setattr(stage, "reach", refuse)


def test_the_first_run_ends_with_the_way_in(stage: Stage) -> None:
    said = up(stage).text
    assert "Variant cpu: no NVIDIA GPU that the driver can use was found\n" in said
    assert "The workbench is up." in said
    assert decided(stage) == {
        "WORKBENCH_NAME": NAME,
        "WORKBENCH_IMAGE": f"nlp-workbench/{NAME}:cpu",
        "WORKBENCH_VARIANT": "cpu",
        "WORKBENCH_REASON": "no NVIDIA GPU that the driver can use was found",
        "WORKBENCH_OWNER": "1000:1000",
        "COMPOSE_FILE": "compose.yaml",
        "JUPYTER_PORT": "8888",
        "SSH_PORT": "2222",
        "TENSORBOARD_PORT": "6006",
        "SERVE_PORT": "8000",
        "MEMLOCK": "-1",
    }


def test_the_second_run_builds_nothing_and_asks_no_network(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(stage)
    env, asked = stage.read_env(), len(stage.ran)
    no_network(stage, monkeypatch)
    said = up(stage).text
    assert "Already up; nothing changed." in said
    assert stage.read_env() == env
    assert not [ran for ran in stage.ran[asked:] if {"build", "pull", "run"} & set(ran.argv)]


def test_secrets_of_a_build_are_there_although_nothing_is_built(stage: Stage) -> None:
    """A fresh clone where the engine has this very image: children of it are still to be built."""
    up(stage)
    shutil.rmtree(stage.state.build)
    up(stage)
    assert {one.name for one in stage.state.build.iterdir()} == {"network", "apt_sources"}


def test_with_a_gpu_the_default_is_pulled_and_the_overlay_taken(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    up(stage)
    assert stage.started("docker pull")[0].argv[-1] == "pytorch/pytorch:2.7.1-cuda11.8-cudnn9-runtime"
    assert decided(stage)["COMPOSE_FILE"] == "compose.yaml:compose.gpu.yaml"
    assert decided(stage)["WORKBENCH_VARIANT"] == "cu118"


def test_a_mirror_is_pulled_from(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    stage.env["REGISTRY"] = "mirror.example"
    up(stage)
    assert stage.started("docker pull")[0].argv[-1].startswith("mirror.example/pytorch/pytorch:")
    assert "mirror.example" not in stage.started("docker build")[0].line


def test_a_registry_on_this_machine_is_asked_over_plain_http(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_gpu(stage, RTX_4090)
    stage.env["REGISTRY"] = "127.0.0.1:5000"
    asked: list[str] = []
    reach = stage.reach

    def note(url: str, route: Route) -> Reach:
        asked.append(url)
        return reach(url, route)

    monkeypatch.setattr(stage, "reach", note)
    up(stage)
    assert "http://127.0.0.1:5000/v2/" in asked


def test_a_blocked_registry_leads_to_a_base_built_here(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    blocked(stage, "registry-1.docker.io", WHEELS)
    said = up(stage).text
    assert "would take cu118, but its base cannot be had: no registry answers" in said
    assert len(stage.started("mmdebstrap")) == 1
    assert "TORCH=pypi" in stage.started("docker build")[0].argv
    assert decided(stage)["WORKBENCH_VARIANT"] == "cu126"


def test_a_pull_that_fails_leads_to_a_base_built_here(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    stage.fails["docker pull"] = Completed(("docker", "pull"), 1, stderr="proxyconnect tcp: refused")
    said = up(stage).text
    assert "proxyconnect tcp: refused" in said
    assert "The base is built here instead.\n" in said
    assert "TORCH=2.7.1+cu118" in stage.started("docker build")[0].argv


def test_a_pull_that_fails_is_the_end_where_only_a_pull_is_wanted(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    stage.env["BASE"] = "pull"
    stage.fails["docker pull"] = Completed(("docker", "pull"), 1, stderr="refused")
    with pytest.raises(WorkbenchError, match=r"(?s)refused.*make up BASE=build"):
        up(stage)
    assert not stage.started("docker build")


def test_a_proxy_on_this_machine_is_explained_before_the_build(stage: Stage) -> None:
    stage.env["https_proxy"] = "http://127.0.0.1:7890"
    said = up(stage).text.partition("Variant ")[0]
    assert "the proxy is on this machine only: http://127.0.0.1:7890: in a container that address is" in said
    assert '    echo HTTPS_PROXY="http://$(hostname -I' in said


@pytest.mark.parametrize(("base", "pulls"), [("pull", 1), ("build", 0)])
def test_base_says_how(base: str, pulls: int, stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    stage.env["BASE"] = base
    up(stage)
    assert len(stage.started("docker pull")) == pulls
    assert len(stage.started("mmdebstrap")) == 1 - pulls


def test_nothing_answers_at_all(stage: Stage) -> None:
    blocked(stage, "http")
    with pytest.raises(HostNotReady, match="no base can be had for any variant"):
        up(stage)
    assert not stage.started("docker build")


def test_what_was_chosen_stays(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    blocked(stage, "registry-1.docker.io", WHEELS)
    first = up(stage).text
    stage.answers.clear()
    again = up(stage).text
    assert decided(stage)["WORKBENCH_VARIANT"] == "cu126"
    assert again.splitlines()[0] in first
    assert not stage.started("docker pull")


def test_a_variant_that_no_longer_fits_gives_way_and_says_so(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    up(stage)
    add_gpu(stage, RTX_5090)
    said = up(stage).text
    assert "cu118, which the last start took, fits no longer: cu118 has kernels for sm_50 to sm_90" in said
    assert decided(stage)["WORKBENCH_VARIANT"] == "cu128"


def test_variant_overrides(stage: Stage) -> None:
    up(stage)
    add_gpu(stage, RTX_4090)
    stage.env["VARIANT"] = "cu126"
    assert "Variant cu126: asked for with VARIANT=cu126" in up(stage).text
    assert decided(stage)["WORKBENCH_IMAGE"] == f"nlp-workbench/{NAME}:cu126"


def test_what_cannot_work_is_refused_with_what_can(stage: Stage) -> None:
    add_gpu(stage, RTX_5090)
    stage.env["VARIANT"] = "cu118"
    with pytest.raises(RequestError, match="What can work here: VARIANT=cu128"):
        up(stage)
    assert not stage.started("docker pull")


def test_a_gpu_that_cannot_be_handed_on_is_refused_in_doctors_words(stage: Stage) -> None:
    add_gpu(stage, RTX_4090)
    del stage.programs["nvidia-ctk"], stage.programs["nvidia-container-runtime-hook"]
    with pytest.raises(
        HostNotReady, match=r"(?s)no NVIDIA container toolkit: .*nvidia-ctk runtime configure"
    ):
        up(stage)


def test_a_full_disk_is_seen_before_the_build(stage: Stage) -> None:
    stage.free = {"/": 200 * GIB, "/var/lib/docker": 3 * GIB}
    with pytest.raises(HostNotReady, match=re.escape("3.0 GB free below /var/lib/docker")):
        up(stage)
    stage.env["SKIP_DISK_CHECK"] = "1"
    assert "The workbench is up." in up(stage).text


def test_images_that_containerd_keeps_are_measured_there(stage: Stage) -> None:
    stage.engine(DriverStatus=[["driver-type", "io.containerd.snapshotter.v1"]])
    stage.write("/var/lib/containerd/.keep", "")
    stage.free = {"/": 200 * GIB, "/var/lib/containerd": 3 * GIB}
    with pytest.raises(HostNotReady, match=re.escape("3.0 GB free below /var/lib/containerd")):
        up(stage)


def test_a_change_in_the_library_rebuilds_the_image_and_not_the_base(stage: Stage) -> None:
    up(stage)
    built = len(stage.started("docker build"))
    (stage.checkout / "finetune" / "new.py").touch()
    up(stage)
    (again,) = stage.started("docker build")[built:]
    assert "docker/Dockerfile" in again.argv


@pytest.mark.parametrize(
    "step", ["mmdebstrap", "docker import", "docker build", "docker run", "docker compose"]
)
def test_after_a_failure_the_same_command_goes_on(step: str, stage: Stage) -> None:
    stage.fails[step] = Completed((step,), 1, stderr="broken")
    with pytest.raises(CommandFailed, match="broken"):
        up(stage)
    stage.fails.clear()
    assert "The workbench is up." in up(stage).text


def test_the_users_own_lines_are_not_decided_over(stage: Stage) -> None:
    stage.write_env("# mine\nSSH_PORT=2300\nMEMLOCK=67108864\n")
    up(stage)
    assert stage.read_env().startswith("# mine\nSSH_PORT=2300\nMEMLOCK=67108864\n# >>> written")
    assert not {"SSH_PORT", "MEMLOCK"} & set(decided(stage))


def test_a_taken_port_gives_way_and_is_remembered(stage: Stage) -> None:
    stage.taken = {8888}
    assert "http://127.0.0.1:8889/lab" in up(stage).text
    stage.taken = {8889, 2222, 6006}
    stage.containers["workbench"]["NetworkSettings"]["Ports"] = {
        f"{port}/tcp": [{"HostPort": str(port)}] for port in (8889, 2222, 6006)
    }
    assert "http://127.0.0.1:8889/lab" in up(stage).text


def test_an_engine_that_may_not_lift_the_lock_limit_keeps_it(stage: Stage) -> None:
    limit = "error setting rlimit type 8: operation not permitted"
    stage.fails["docker run --rm --network=none --entrypoint=sh --ulimit"] = Completed((), 126, stderr=limit)
    said = up(stage).text
    assert "may not lift the memory-lock limit; it stays at 8192 kB" in said
    assert decided(stage)["MEMLOCK"] == str(8192 * 1024)


def test_settings_given_once_are_there_for_compose(stage: Stage) -> None:
    add_gpu(stage, RTX_4090, RTX_4090)
    stage.env.update(BIND="192.0.2.7", GPUS="0,2", SHM_SIZE="2gb")
    up(stage)
    for name in ("BIND", "GPUS", "SHM_SIZE"):
        del stage.env[name]
    assert "http://192.0.2.7:8888/lab" in up(stage).text
    assert decided(stage).items() >= {"BIND": "192.0.2.7", "GPUS": "0,2", "SHM_SIZE": "2gb"}.items()


def test_everything_that_is_said_is_in_the_log_and_no_secret(stage: Stage) -> None:
    stage.env["https_proxy"] = "http://ada:pa55@proxy.example:3128"
    stage.lines["docker build"] = ["#9 [workbench 6/14] RUN nlp.txt", "#9 1.0 \x1b[32mInstalled\x1b[0m"]
    log = stage.state.logs / "up.log"
    with contextlib.closing(Told(log)) as told:
        said = up(stage, told).text
    written = log.read_text(encoding="utf-8")
    assert [
        line for line in said.splitlines() if line and not line.startswith("  ... ") and line not in written
    ] == []
    assert "Installed" in written
    for secret in ("pa55", stage.state.password.read_text(encoding="utf-8").strip(), "BEGIN OPENSSH"):
        assert secret not in written
        assert secret not in said


def test_a_base_of_another_build_is_not_taken_for_this_one(stage: Stage) -> None:
    variants = stage.settings.plan.variants
    stage.add_image(candidates(stage.checkout, variants.rows["cpu"], variants)[0].reference + "0")
    up(stage)
    assert len(stage.started("mmdebstrap")) == 1
