"""The container engine's client: one that has Compose v2, with this checkout's project behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.console import Console
    from launcher.host import Completed, Host

ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Docker:
    """Runs the client found by probes.engine; each method raises CommandFailed with the client's own words."""

    host: Host
    client: str
    checkout: Path

    def ask(self, *arguments: str, text: Optional[str] = None) -> Completed:
        """One short command; its answer, also when it failed."""
        return self.host.run([self.client, *arguments], timeout=ANSWER_SECONDS, text=text, cwd=self.checkout)

    def run(self, *arguments: str, text: Optional[str] = None) -> str:
        """One short command's standard output."""
        return self.ask(*arguments, text=text).check().stdout

    def compose(self, *arguments: str) -> List[str]:
        """The words of a compose command; compose reads .env in the checkout for everything else."""
        return [self.client, "compose", "--project-directory", str(self.checkout), *arguments]

    def follow(self, argv: List[str], console: Console, stall: Optional[float] = None, **env: str) -> None:
        """A long command; every line goes to the log and its last one is shown."""

        def heard(line: str) -> None:
            console.note(line)
            console.progress(line.strip())

        console.note(f"$ {' '.join(argv)}")
        self.host.stream(argv, heard, stall_timeout=stall, env=env, cwd=self.checkout).check()

    def image(self, reference: str) -> Optional[Dict[str, Any]]:
        """What `docker image inspect` says, or None where the image is not here."""
        answer = self.ask("image", "inspect", reference)
        return json.loads(answer.stdout)[0] if answer.ok else None

    def containers(self) -> Dict[str, Dict[str, Any]]:
        """This project's containers by service, running or not, as `docker inspect` shows them."""
        ids = self.ask(*self.compose("ps", "--all", "--quiet")[1:])
        if not ids.ok or not ids.stdout.split():
            return {}
        found = json.loads(self.run("inspect", *ids.stdout.split()))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}


def health(container: Optional[Dict[str, Any]]) -> str:
    """One word for a container: absent, exited, starting, healthy, unhealthy, or what the engine calls it."""
    if container is None:
        return "absent"
    state = container["State"]
    return str(state.get("Health", {}).get("Status") if state["Status"] == "running" else state["Status"])
