"""What the container does before its services run, step by step; nothing here runs as root.

What must survive lives on the home volume (`~`): the user's Python environment and sshd's host key.
`/run/workbench` is made anew at each start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import userenv

RUN = Path("/run/workbench")
ETC = Path("/etc/workbench")
HOST_KEY = Path.home() / ".config/sshd/ssh_host_ed25519_key"
SUPERVISOR = ["s6-svscan", str(RUN / "services")]
PER_SESSION = {"OLDPWD", "PWD", "SHLVL", "TERM", "_"}


def ssh_environment(environment: dict[str, str]) -> str:
    r"""Return the sshd_config line that gives an SSH session the container's environment.

    A value of several lines is left out: sshd_config cannot hold one.

    >>> ssh_environment({"LANG": "C.UTF-8", "TERM": "xterm", "NAME": 'a "b"'})
    'SetEnv "LANG=C.UTF-8" "NAME=a \\"b\\""\n'
    """
    pairs = sorted(environment.items())
    kept = {name: value for name, value in pairs if name not in PER_SESSION and "\n" not in value}
    quoted = (f"{name}={value}".replace("\\", "\\\\").replace('"', '\\"') for name, value in kept.items())
    return "SetEnv " + " ".join(f'"{pair}"' for pair in quoted) + "\n"


def prepare_sshd() -> None:
    """Make the host key once, on the volume, and the configuration of this start."""
    if not HOST_KEY.exists():
        HOST_KEY.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "workbench", "-f", str(HOST_KEY)]
        subprocess.run(command, check=True)
    configuration = RUN / "sshd_config"
    configuration.touch(mode=0o600)
    configuration.write_text((ETC / "sshd_config").read_text() + ssh_environment(dict(os.environ)))


def prepare_services() -> None:
    """Copy the service folders to where the supervisor may write its state."""
    shutil.rmtree(RUN / "services", ignore_errors=True)
    shutil.copytree(ETC / "services", RUN / "services")


def main() -> None:
    """Prepare, then let the supervisor take over this process."""
    userenv.prepare(Path(os.environ["VIRTUAL_ENV"]))
    prepare_sshd()
    prepare_services()
    sys.stdout.flush()
    os.execvp(SUPERVISOR[0], SUPERVISOR)  # noqa: S606 - PID 1 becomes the supervisor
