"""The host's own OpenSSH programs, with the configuration that `make ssh-config` writes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.stack.programs import answers, in_background, run, wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stack.workbench import Workbench

STRICT = ["-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]


@dataclass(frozen=True)
class OpenSsh:
    """`config` knows the workbench as `host`; nobody is ever asked anything."""

    config: Path
    host: str

    @property
    def options(self) -> list[str]:
        return ["-F", str(self.config), "-o", "BatchMode=yes"]

    def program(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """ssh, scp or sftp: `program("scp", "a", "nlp:b")`, without an agent."""
        name, *rest = words
        return run([name, *self.options, *rest], self.config.parent, text, {"SSH_AUTH_SOCK": ""})

    def command(self, *words: str) -> str:
        """What a command says over there."""
        ended = self.program("ssh", self.host, *words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    @contextmanager
    def forwarding(self, port: int, *words: str) -> Iterator[None]:
        """A connection that only forwards, until the end of the block."""
        argv = ["ssh", *self.options, "-N", "-o", "ExitOnForwardFailure=yes", *words, self.host]
        with in_background(argv, self.config.parent):
            wait_until(lambda: answers(port), f"ssh {' '.join(words)} listens", seconds=20)
            yield


def stranger(workbench: Workbench, *options: str, user: str = "nlp") -> str:
    """What ssh says, nothing where it gets in, to somebody who only knows the host key."""
    known = f'UserKnownHostsFile="{workbench.state}/ssh/known_hosts"'
    to = ["-p", str(workbench.ssh_port), f"{user}@{workbench.ssh_host}", "true"]
    ended = run(["ssh", *STRICT, "-o", known, *options, *to], workbench.checkout, env={"SSH_AUTH_SOCK": ""})
    assert ended.returncode == (255 if ended.stderr else 0)
    return ended.stderr.strip()
