"""`make serve MODEL=...`: trained models over HTTP, in a container of their own, on this machine alone."""

from __future__ import annotations

import shlex
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from launcher import access, dotenv, ports, start
from launcher.console import follow
from launcher.errors import CommandFailed, RequestError, WorkbenchError
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from launcher.verbs import Verbs

INSIDE = PurePosixPath("/workspace")
USAGE = "make serve MODEL=runs/news (a folder below workspace/; several: MODEL='runs/news runs/names')"
PROFILE = ("--profile", start.SERVE)
LOG_LINES = "30"


def run(verbs: Verbs, words: Sequence[str]) -> int:
    """Serve the models that come first in the words; what follows are options of `finetune serve`."""
    docker = verbs.docker()
    models = list(takewhile(lambda word: not word.startswith("-"), words))
    if not models:
        raise RequestError(f"no model was named. Accepted: {USAGE}")
    command = [placed(word, verbs.settings.plan.mount) for word in models] + list(words[len(models) :])
    chosen = ports.choose(verbs.host, verbs.settings, start.held(docker.containers()))
    remember(verbs, {"SERVE_PORT": str(chosen["SERVE_PORT"]), "SERVE": shlex.join(command)})
    up = ("up", "--detach", "--no-deps", "--force-recreate", "--wait", start.SERVE)
    argv = docker.compose(*PROFILE, *up)
    try:
        with verbs.console.step("Loading the model", "10 to 60 s"):
            follow(verbs.host, verbs.console, Work(argv, cwd=verbs.state.checkout))
    except CommandFailed as error:
        said = docker.project(*PROFILE, "logs", "--no-color", "--tail", LOG_LINES, start.SERVE).output
        docker.project(*PROFILE, "rm", "--stop", "--force", start.SERVE)
        told = f"The last lines of its log:\n{said}" if said else str(error)
        raise WorkbenchError(f"the service did not start. {told}") from error
    url = access.ways(verbs.settings, verbs.state)["serve.url"]
    verbs.console.say(f"Serving at {url} (a page to try it; {url}docs for programs). Stop: make down")
    return 0


def placed(word: str, mount: Path) -> str:
    """[NAME=]FOLDER as the container sees it; RequestError where the folder is not below the workspace."""
    name, equals, folder = word.partition("=")
    if not equals or "/" in name:  # the sign is part of the folder: runs/lr=3e-5
        name, equals, folder = "", "", word
    path = PurePosixPath(folder)
    for top in (INSIDE, PurePosixPath(str(mount)), PurePosixPath(mount.name)):
        if path.parts[: len(top.parts)] == top.parts:
            path = PurePosixPath(*path.parts[len(top.parts) :])
            break
    if path.is_absolute() or path.parts[:1] not in {("runs",), ("models",)} or ".." in path.parts:
        raise RequestError(f"MODEL={word}: accepted is a folder in {mount}/runs or {mount}/models: {USAGE}")
    here = mount.joinpath(*path.parts)
    if not here.is_dir():
        raise RequestError(f"MODEL={word}: there is no folder {here}. Accepted: {USAGE}")
    return f"{name}{equals}{INSIDE / path}"


def remember(verbs: Verbs, decided: dict[str, str]) -> None:
    """Write to .env what `docker compose --profile serve up` must know, beside what `make up` decided."""
    path = verbs.state.checkout / ".env"
    file = dotenv.read(path)
    kept = {**file.decided, **decided}
    dotenv.write(path, {name: value for name, value in kept.items() if name not in file.user})
