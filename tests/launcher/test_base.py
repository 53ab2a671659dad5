"""Where a base comes from, and what it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import base
from launcher.errors import WorkbenchError
from launcher.host import Completed
from launcher.plan import DOCKER_HUB
from tests.launcher.stage import Stage, Told

if TYPE_CHECKING:
    from launcher.variants import Variants


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.copy_code()
    return stage


def kinds(stage: Stage, variants: Variants, name: str) -> list[str]:
    return [one.kind for one in base.candidates(stage.checkout, variants.rows[name], variants)]


def test_the_best_candidate_comes_first(stage: Stage, variants: Variants) -> None:
    assert kinds(stage, variants, "cu118") == ["registry", "wheels"]
    assert kinds(stage, variants, "cu126") == ["registry", "wheels", "pypi"]
    assert kinds(stage, variants, "cpu") == ["wheels", "pypi"]


def test_what_is_here_is_known_by_one_question(stage: Stage, variants: Variants) -> None:
    pypi = base.candidates(stage.checkout, variants.rows["cpu"], variants)[1].reference
    for reference in (pypi, variants.rows["cu118"].base_image or ""):
        stage.add_image(reference)
    found = base.known(stage.docker, variants)
    assert {name: one.kind for name, one in found.items()} == {
        "cu118": "registry",
        "cu126": "pypi",
        "cpu": "pypi",
    }
    assert found["cpu"].identity == "sha256:0"
    assert len(stage.started("docker image inspect")) == 1


def test_of_the_bases_that_are_here_the_best_is_taken(stage: Stage, variants: Variants) -> None:
    for one in base.candidates(stage.checkout, variants.rows["cu126"], variants):
        stage.add_image(one.reference)
    assert base.known(stage.docker, variants)["cu126"].kind == "registry"


@pytest.mark.parametrize("place", base.INPUTS)
def test_a_base_made_from_other_things_has_another_name(place: str, stage: Stage, variants: Variants) -> None:
    before = base.candidates(stage.checkout, variants.rows["cpu"], variants)
    path = stage.checkout / place
    path = path / "Dockerfile" if path.is_dir() else path
    path.write_text("other", encoding="utf-8")
    after = base.candidates(stage.checkout, variants.rows["cpu"], variants)
    assert not {one.reference for one in before} & {one.reference for one in after}


def test_a_digest_sees_a_mode_and_not_a_cache(stage: Stage) -> None:
    before = base.digest(stage.checkout, ("docker",))
    (stage.checkout / "docker" / "x.pyc").touch()
    assert base.digest(stage.checkout, ("docker",)) == before
    (stage.checkout / "docker" / "build" / "apt-install").chmod(0o644)
    assert base.digest(stage.checkout, ("docker",)) != before


def test_the_official_registry_is_pulled_from_by_its_usual_name(stage: Stage, variants: Variants) -> None:
    found = base.pull(stage.docker, Told(), DOCKER_HUB, variants.rows["cu118"])
    (pulled,) = stage.started("docker pull")
    assert pulled.argv[-1] == variants.rows["cu118"].base_image == found.reference
    assert found == base.Base(found.reference, "registry", "sha256:0")


def test_what_comes_from_a_mirror_gets_the_usual_name(stage: Stage, variants: Variants) -> None:
    found = base.pull(stage.docker, Told(), "mirror.example/hub", variants.rows["cu118"])
    assert stage.started("docker pull")[0].argv[-1] == f"mirror.example/hub/{found.reference}"
    assert stage.started("docker tag")[0].argv[-1] == found.reference == variants.rows["cu118"].base_image


def test_a_pull_that_says_nothing_more_is_an_error(stage: Stage, variants: Variants) -> None:
    stage.fails["docker pull"] = Completed(("docker", "pull"), -9, "Pulling", timed_out=True)
    with pytest.raises(WorkbenchError, match="gave no answer in time") as caught:
        base.pull(stage.docker, Told(), DOCKER_HUB, variants.rows["cu118"])
    assert stage.started("docker pull")[0].stall == base.PULL_STALL_SECONDS
    assert "make up REGISTRY=mirror.example" in str(caught.value)
    assert "make up BASE=build" in str(caught.value)


def test_a_pull_shows_how_many_layers_are_there() -> None:
    layers = base.Layers()
    lines = [
        "2.7.1: Pulling from pytorch/pytorch",
        "a: Pulling fs layer",
        "b: Already exists",
        "c: Pulling fs layer",
    ]
    shown = [layers(line) for line in [*lines, "a: Verifying Checksum", "a: Pull complete"]]
    assert shown[0] == lines[0]
    assert shown[-2:] == ["1 of 3 layers", "2 of 3 layers"]


@pytest.mark.parametrize(("kind", "torch"), [("pypi", "pypi"), ("wheels", "2.7.1+cpu")])
def test_a_base_is_built_with_secrets_and_never_arguments(
    kind: str, torch: str, stage: Stage, variants: Variants
) -> None:
    stage.programs["mmdebstrap"] = ["/usr/bin/mmdebstrap"]
    (stage.state.build / "apt_sources").touch()
    secrets = {name: str(stage.state.build / name) for name in ("network", "apt_sources", "ca")}
    found = base.build(stage.docker, Told(), variants.rows["cpu"], kind, base.Ground(secrets, {}))
    (built,) = stage.started("docker build")
    assert f"TORCH={torch}" in built.argv
    asked = [word for word in built.argv if word.startswith("--secret")]
    assert asked == [f"--secret=id={name},src={secrets[name]}" for name in ("network", "ca")]
    assert found.reference in {
        one.reference for one in base.candidates(stage.checkout, variants.rows["cpu"], variants)
    }
