"""Writes or updates one Host block in an ssh configuration; every other byte of the file stays as it is."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from launcher import textfile
from launcher.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def block(name: str, ways: Mapping[str, str], known_hosts: Path) -> str:
    """The block for one workbench, between two marker lines.

    It ends with `Host *`: options that stand before the first Host of the file stay everybody's.
    """
    return "\n".join(
        [
            f"# >>> workbench {name}",
            f"Host {name}",
            f"  HostName {ways['ssh.host']}",
            f"  Port {ways['ssh.port']}",
            f"  User {ways['ssh.user']}",
            f"  IdentityFile {_path(ways['ssh.identity_file'])}",
            "  IdentitiesOnly yes",
            f"  UserKnownHostsFile {_path(str(known_hosts))}",
            "  StrictHostKeyChecking yes",
            "Host *",
            f"# <<< workbench {name}",
            "",
        ]
    )


def write(path: Path, new: str) -> tuple[Path, bool]:
    """Put the block first, where ssh finds it before any other match, or where it was.

    A link is followed and its mode kept; returns the real file and whether it changed.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    real = path.resolve()
    try:
        text = real.read_bytes().decode("utf-8", "surrogateescape") if real.exists() else ""
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}. Make it readable, or remove it.") from error
    mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else textfile.PRIVATE
    return real, textfile.update(real, textfile.with_block(text, new, str(path), first=True), mode)


def _path(path: str) -> str:
    """A path between quotes; % begins a token of ssh's."""
    return '"' + path.replace("%", "%%") + '"'
