"""`make serve`: which models, on which port, and what is told where it does not start."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from launcher import serve, status
from launcher.errors import HostNotReady, RequestError, WorkbenchError
from launcher.host import Completed
from tests.launcher.stage import Told, decided, up, verbs

if TYPE_CHECKING:
    from tests.launcher.stage import Stage


def up_of(stage: Stage) -> str:
    return " ".join(["docker", *stage.docker.compose()[1:], "--profile serve up"])


@pytest.fixture
def running(running: Stage) -> Stage:
    """With two trained models in the workspace."""
    for name in ("runs/news", "models/final/names"):
        (running.checkout / "workspace" / name).mkdir(parents=True)
    return running


def test_before_the_first_start_it_says_make_up(stage: Stage) -> None:
    with pytest.raises(HostNotReady, match="Start it: make up"):
        serve.run(verbs(stage), ["runs/news"])


def test_the_models_and_the_port_are_kept_for_compose(running: Stage) -> None:
    told = Told()
    assert serve.run(verbs(running, told), ["runs/news", "--max-queue", "64"]) == 0
    assert decided(running)["SERVE"] == "/workspace/runs/news --max-queue 64"
    assert decided(running)["SERVE_PORT"] == "8000"
    assert decided(running)["WORKBENCH_IMAGE"]
    assert "Serving at http://127.0.0.1:8000/" in told.text


def test_the_service_alone_is_started_and_waited_for(running: Stage) -> None:
    serve.run(verbs(running), ["runs/news"])
    (started,) = [ran.argv for ran in running.ran if "--wait" in ran.argv]
    assert started[len(running.docker.compose()) :] == (
        *("--profile", "serve", "up", "--detach", "--no-deps", "--force-recreate", "--wait", "serve"),
    )


@pytest.mark.parametrize("place", ["", "workspace/", "./workspace/", "/workspace/", "{}/"])
def test_a_model_is_found_however_it_is_written(running: Stage, place: str) -> None:
    mount = running.settings.plan.mount
    assert serve.placed(f"{place.format(mount)}runs/news", mount) == "/workspace/runs/news"


def test_a_model_keeps_the_name_that_it_is_given(running: Stage) -> None:
    mount = running.settings.plan.mount
    assert serve.placed("people=models/final/names", mount) == "people=/workspace/models/final/names"


@pytest.mark.parametrize("name", ["", "titles="])
def test_an_equals_sign_in_a_folder_is_no_name(running: Stage, name: str) -> None:
    mount = running.settings.plan.mount
    (mount / "runs" / "lr=3e-5").mkdir()
    assert serve.placed(f"{name}runs/lr=3e-5", mount) == f"{name}/workspace/runs/lr=3e-5"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "no model was named. Accepted: make serve MODEL=runs/news"),
        (["--max-queue", "64"], "no model was named"),
        (["runs/olds"], "MODEL=runs/olds: there is no folder"),
        (["/etc"], "MODEL=/etc: accepted is a folder in"),
        (["runs/../../etc"], "accepted is a folder in"),
        (["data/raw"], "accepted is a folder in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_served_is_refused_before_anything_starts(
    running: Stage, words: list[str], complaint: str
) -> None:
    with pytest.raises(RequestError, match=re.escape(complaint)):
        serve.run(verbs(running), words)
    assert "SERVE" not in decided(running)


def test_a_service_that_does_not_start_shows_its_log_and_leaves_nothing(running: Stage) -> None:
    running.fails[up_of(running)] = Completed((), 1)
    with pytest.raises(WorkbenchError, match=r"the service did not start\. The last lines of its log"):
        serve.run(verbs(running), ["runs/news"])
    assert [ran for ran in running.ran if ran.argv[-4:] == ("rm", "--stop", "--force", "serve")]


def test_a_service_that_said_nothing_shows_what_compose_said(running: Stage) -> None:
    running.fails[up_of(running)] = Completed((), 1, "no such image")
    running.fails[up_of(running).replace(" up", " logs")] = Completed((), 0)
    with pytest.raises(WorkbenchError, match=r"(?s)the service did not start\. .*no such image"):
        serve.run(verbs(running), ["runs/news"])


def test_status_shows_it_where_it_was_asked_for(running: Stage) -> None:
    running.env["FORMAT"] = "json"
    serve.run(verbs(running), ["runs/news"])
    running.add_container("serve")
    out = io.StringIO()
    assert status.run(verbs(running), out) == 0
    found = json.loads(out.getvalue())
    assert found["health"]["serve"] == "healthy"
    assert found["serve"] == {"url": "http://127.0.0.1:8000/"}


def test_a_service_that_ended_does_not_keep_the_workbench_from_starting(running: Stage) -> None:
    running.add_container("serve", status="exited")
    assert "Already up" in up(running).text or "The workbench is up" in up(running).text
