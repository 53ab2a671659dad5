"""The container engine's client: one that has Compose v2, with this checkout's project behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from launcher import dotenv
from launcher.loose import as_dict, as_list, as_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from launcher.host import Completed, Host

ANSWER_SECONDS = 120.0
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


@dataclass(frozen=True)
class Docker:
    """Runs the client found by probes.engine; what fails raises CommandFailed with the client's own words."""

    host: Host
    client: str
    checkout: Path
    name: str

    def ask(self, *arguments: str, text: str | None = None) -> Completed:
        """One short command; its answer, also when it failed."""
        return self.host.run([self.client, *arguments], timeout=ANSWER_SECONDS, text=text, cwd=self.checkout)

    def run(self, *arguments: str, text: str | None = None) -> str:
        """One short command's standard output."""
        return self.ask(*arguments, text=text).check().stdout

    def compose(self, *arguments: str) -> list[str]:
        """The words of a compose command; compose reads .env in the checkout for everything else.

        Project and files are named, because what this shell exports for another project would win over .env.
        """
        named = dotenv.read(self.checkout / ".env").values.get("COMPOSE_FILE") or "compose.yaml"
        files = [f"--file={self.checkout / name}" for name in named.split(":")]
        place = ["--project-directory", str(self.checkout), f"--project-name={self.name}", *files]
        return [self.client, "compose", *place, *arguments]

    def project(self, *arguments: str) -> Completed:
        """One short compose command; its answer, also when it failed."""
        return self.ask(*self.compose(*arguments)[1:])

    def images(self, references: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What `docker image inspect` says of those of these images that are here."""
        wanted = list(dict.fromkeys(references))
        found = _rows(self.ask("image", "inspect", *wanted))
        tags = {as_str(tag): one for one in found for tag in as_list(one.get("RepoTags"))}
        return {reference: tags[reference] for reference in wanted if reference in tags}

    def image(self, reference: str) -> dict[str, Any]:
        """One image; {} where it is not here."""
        return self.images([reference]).get(reference, {})

    def containers(self) -> dict[str, dict[str, Any]]:
        """This project's containers by service, running or not, as `docker inspect` shows them."""
        labels = (f"{PROJECT}={self.name}", "com.docker.compose.oneoff=False")
        ids = self.run("ps", "--all", "--quiet", *(f"--filter=label={label}" for label in labels)).split()
        found = _rows(self.ask("inspect", *ids)) if ids else []
        return {as_str(as_dict(as_dict(one.get("Config")).get("Labels")).get(SERVICE)): one for one in found}


def _rows(answer: Completed) -> list[dict[str, Any]]:
    """Those that were found; the exit code only says that some were not."""
    try:
        rows: Sequence[object] = as_list(json.loads(answer.stdout))
    except ValueError:
        answer.check()
        return []
    return [as_dict(row) for row in rows]


def health(container: dict[str, Any] | None) -> str:
    """One word for a container: absent, exited, starting, healthy, unhealthy, or what the engine calls it."""
    state = as_dict((container or {}).get("State"))
    status = as_str(state.get("Status")) or "absent"
    if status != "running":
        return status
    return as_str(as_dict(state.get("Health")).get("Status")) or status
