"""Drives the container engine for the image's tests, with the flags that compose.yaml uses."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[2]
UNPRIVILEGED = ("--cap-drop=ALL", "--security-opt=no-new-privileges")
READY_SECONDS = 60.0
SUSPICIOUS = re.compile(r"warn|error|critical|fatal|traceback|fail|^\[[WEC] ", re.IGNORECASE)
ALLOWED = (
    # Jupyter prints its greeting, with the address, as critical so that it is always seen.
    re.compile(r"\[C [^]]+ServerApp\] $"),
    # So it does with its farewell, when a test stops the container or the service.
    re.compile(r"\[C [^]]+ServerApp\] received signal 15, stopping$"),
)


def docker(*arguments: str, text: str | None = None) -> str:
    """What the engine's client answers; where it fails, its own words make the test fail."""
    done = subprocess.run(["docker", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


def module(place: str) -> ModuleType:
    """A Python file of docker/, which is no package; what lies beside it can be imported from it."""
    path = REPOSITORY / "docker" / place
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    return importlib.import_module(path.stem)


def suspicious(logs: str) -> list[str]:
    """Lines that warn or complain and are not expected."""
    return [
        line
        for line in logs.splitlines()
        if SUSPICIOUS.search(line) and not any(known.search(line) for known in ALLOWED)
    ]


@dataclass(frozen=True)
class Image:
    """The built image of this checkout."""

    reference: str

    def run(self, *command: str, options: tuple[str, ...] = (), text: str | None = None) -> str:
        """Standard output of one command in a fresh container."""
        given = (*UNPRIVILEGED, "--network=none", *options)
        return docker("run", "--rm", "--interactive", *given, self.reference, *command, text=text)

    def python(self, code: str) -> dict[str, Any]:
        """What Python code in a fresh container prints, which is JSON."""
        printed: dict[str, Any] = json.loads(self.run("python", "-W", "error", "-", text=code))
        return printed

    def inspect(self) -> dict[str, Any]:
        """What the engine knows of it."""
        found: dict[str, Any] = json.loads(docker("image", "inspect", self.reference))[0]
        return found

    def record(self) -> dict[str, Any]:
        """The variant record that it carries."""
        found: dict[str, Any] = json.loads(self.run("cat", "/etc/workbench/variant.json"))
        return found


@dataclass(frozen=True)
class Container:
    """A running workbench."""

    name: str

    def run(self, *command: str) -> str:
        """Standard output of one command in it, as its user."""
        return docker("exec", self.name, *command)

    def fails(self, *command: str) -> str:
        """Everything that a command which must fail says."""
        argv = ["docker", "exec", self.name, *command]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def wait(self, *command: str) -> None:
        """Until a command in it succeeds."""
        deadline = time.monotonic() + READY_SECONDS
        argv = ["docker", "exec", self.name, *command]
        while subprocess.run(argv, capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.2)

    def restart(self) -> None:
        """Stop it and start it anew."""
        docker("restart", self.name)
        self.wait("pgrep", "s6-supervise")

    def stop(self) -> None:
        """Ask it to end; the engine kills after ten seconds, which shows in the exit code."""
        docker("stop", self.name)

    def exit_code(self) -> int:
        """How it ended."""
        return int(docker("wait", self.name))

    def logs(self) -> str:
        """All that it said."""
        argv = ["docker", "logs", self.name]
        return subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        ).stdout
