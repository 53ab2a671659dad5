"""A host with a container engine that remembers images and containers; every command is written down."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher import dotenv, settings
from launcher.console import Console
from launcher.docker import Docker
from launcher.host import Completed, Host
from launcher.state import State
from launcher.up import Up
from launcher.variants import load
from launcher.verbs import Verbs
from tests.launcher.fakes import REPOSITORY, FakeHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from launcher.process import Work

NAME = "bench"
IMAGE = f"nlp-workbench/{NAME}:cpu"
PUBLIC = "ssh-ed25519 AAAAC3 workbench\n"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
HASH = "argon2:$argon2id$v=19$hash\n"
OF_COMPOSE = ("--project-name=", "--file=")
CODE = ("docker", "finetune", ".dockerignore")


@dataclass(frozen=True)
class Ran:
    """One command as it was started."""

    argv: tuple[str, ...]
    text: str | None
    env: Mapping[str, str]
    stall: float | None = None

    @property
    def line(self) -> str:
        return " ".join([Path(self.argv[0]).name, *self.argv[1:]])


class Stage(FakeHost):
    """`lines` is what a long step says, `fails` how a command (by its beginning) ends instead."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / "host")
        self.checkout = root / "checkout"
        self.checkout.mkdir()
        self.images: dict[str, dict[str, Any]] = {}
        self.containers: dict[str, dict[str, Any]] = {}
        self.projects: list[str] = []
        self.made = -1
        self.ran: list[Ran] = []
        self.lines: dict[str, list[str]] = {}
        self.fails: dict[str, Completed] = {}
        self.on: dict[str, Callable[[], object]] = {}
        self.health = "healthy"
        self.env["NAME"] = NAME

    def copy_code(self) -> None:
        """What images are made from."""
        for name in CODE:
            source, target = REPOSITORY / name, self.checkout / name
            if source.is_dir():
                shutil.copytree(str(source), str(target), ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(str(source), str(target))

    def started(self, beginning: str) -> list[Ran]:
        """Every command that began so."""
        return [ran for ran in self.ran if ran.line.startswith(beginning)]

    def run(
        self,
        argv: Sequence[str],
        timeout: float | None = None,
        text: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Completed:
        ran = self._note(argv, text, env)
        failing = self._failing(ran)
        if failing:
            return failing
        answer = self._docker(ran.argv[1:]) if ran.line.startswith("docker ") else None
        if answer is None:
            return super().run(argv, timeout, text, env, cwd)
        return answer if isinstance(answer, Completed) else Completed(ran.argv, 0, answer)

    def stream(self, work: Work, on_line: Callable[[str], None], text: str | None = None) -> Completed:
        ran = self._note(work.argv, text, work.env, work.stall)
        for line in next((said for key, said in self.lines.items() if ran.line.startswith(key)), []):
            on_line(line)
        failing = self._failing(ran)
        if failing is None:
            self._long(ran)
        return failing or Completed(ran.argv, 0)

    def _note(
        self,
        argv: Sequence[str],
        text: str | None,
        env: Mapping[str, str] | None,
        stall: float | None = None,
    ) -> Ran:
        self.ran.append(Ran(tuple(argv), text, dict(env or {}), stall))
        for beginning, change in list(self.on.items()):
            if self.ran[-1].line.startswith(beginning):
                change()
        return self.ran[-1]

    def _failing(self, ran: Ran) -> Completed | None:
        return next((end for key, end in self.fails.items() if ran.line.startswith(key)), None)

    def _docker(self, words: tuple[str, ...]) -> Completed | str | None:
        if words[:2] == ("image", "inspect"):
            rows = [self.images[name] for name in words[2:] if name in self.images]
            return Completed(words, int(len(rows) < len(words) - 2), json.dumps(rows))
        if words[0] == "ps":
            lines = [one["Id"] for one in self.containers.values()] if "--quiet" in words else self.projects
            return "\n".join(lines)
        if words[0] == "inspect":
            return json.dumps(list(self.containers.values()))
        if words[0] == "compose" and "--project-directory" in words:
            return self._compose(tuple(word for word in words[3:] if not word.startswith(OF_COMPOSE)))
        if words[0] == "run":
            return self._alone(words)
        known = {"tag": "", "exec": "ssh-ed25519 HOSTKEY root@x\n", "image": ""}
        if words[0] == "tag":
            self.add_image(words[2])
        return known.get(words[0])

    def _compose(self, words: tuple[str, ...]) -> str:
        if words[0] == "up":
            for service in ("workbench", "tensorboard"):
                self.add_container(service)
        if words[:2] == ("--profile", "*"):
            self.containers.clear()
        return "the last line of the log" if words[0] == "logs" else '{"variant": "cpu"}'

    def _alone(self, words: tuple[str, ...]) -> str:
        if words[-1] == "workbench-hash-password":
            return HASH
        if "compile" in words:
            return "torch==2.7.1\n"
        return PUBLIC + PRIVATE if "ssh-keygen" in words[-1] else "8192\n"

    def _long(self, ran: Ran) -> None:
        words = list(ran.argv)
        if words[1] in {"pull", "import"}:
            self.add_image(words[-1])
        if words[1] == "build":
            inputs = [word[len("INPUTS=") :] for word in words if word.startswith("INPUTS=")]
            self.add_image(words[words.index("--tag") + 1], *inputs)
        if words[0] == "mmdebstrap":
            next(Path(word) for word in words if word.endswith(".tar")).write_text("tar", encoding="utf-8")
        if words[0] == "apt-get" and "docker.io" in words:
            self.programs["dockerd"] = ["/usr/sbin/dockerd"]

    def add_image(self, reference: str, inputs: str = "") -> None:
        """An image that was made from `inputs`."""
        labels = {"workbench.inputs": inputs}
        self.made += 1
        identity = f"sha256:{self.made}"
        self.images[reference] = {"Id": identity, "RepoTags": [reference], "Config": {"Labels": labels}}

    def add_container(self, service: str, status: str = "running", port: str = "8888") -> None:
        """A container of this checkout; one that is there stays."""
        labels = {"com.docker.compose.service": service}
        ports = {"8888/tcp": [{"HostPort": port}]} if service == "workbench" else {"6006/tcp": None}
        row: dict[str, Any] = {"Id": f"id-{service}", "RestartCount": 0}
        row["State"] = {"Status": status, "Health": {"Status": self.health}}
        row.update(Config={"Labels": labels}, NetworkSettings={"Ports": ports})
        self.containers.setdefault(service, row)

    @property
    def docker(self) -> Docker:
        return Docker(self, "/usr/bin/docker", self.checkout, NAME)

    @property
    def state(self) -> State:
        state = State(self.checkout)
        state.create()
        return state

    @property
    def settings(self) -> settings.Settings:
        """As the next start reads them."""
        return settings.load(self, self.checkout, load(Host(), REPOSITORY / "docker/variants.json"))

    def write_env(self, text: str) -> None:
        (self.checkout / ".env").write_text(text, encoding="utf-8")

    def read_env(self) -> str:
        return (self.checkout / ".env").read_text(encoding="utf-8")


class Told(Console):
    """A console whose words a test can read; as a pipe, and without a clock."""

    def __init__(self, log: Path | None = None) -> None:
        self.paper = io.StringIO()
        super().__init__(log, self.paper)

    @property
    def text(self) -> str:
        return self.paper.getvalue()


def up(stage: Stage, told: Told | None = None) -> Told:
    """One `make up`; what it said."""
    told = told or Told()
    Up(stage, stage.settings, stage.state, told).run()
    return told


def decided(stage: Stage) -> dict[str, str]:
    """What .env holds of the last start."""
    return dict(dotenv.read(stage.checkout / ".env").decided)


def verbs(stage: Stage, told: Told | None = None) -> Verbs:
    """The everyday verbs, with settings as they are on disk now."""
    return Verbs(stage, stage.settings, stage.state, told or Told())
