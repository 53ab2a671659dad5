"""Writes or updates one Host block in an ssh configuration; every other byte of the file stays as it is."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Dict, Tuple

from launcher import dotenv
from launcher.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path


def block(name: str, ways: Dict[str, str], known_hosts: Path) -> str:
    """The block for one workbench, between two marker lines."""
    return "\n".join(
        [
            f"# >>> workbench {name}",
            f"Host {name}",
            f"  HostName {ways['ssh.host']}",
            f"  Port {ways['ssh.port']}",
            f"  User {ways['ssh.user']}",
            f'  IdentityFile "{ways["ssh.identity_file"]}"',
            "  IdentitiesOnly yes",
            f'  UserKnownHostsFile "{known_hosts}"',
            "  StrictHostKeyChecking yes",
            f"# <<< workbench {name}",
            "",
        ]
    )


def merge(text: str, name: str, new: str) -> str:
    r"""Replace this workbench's block, or put it first: in ssh's configuration the first match wins.

    >>> merge("Host *\n  User me\n", "w", "# >>> workbench w\n# <<< workbench w\n")
    '# >>> workbench w\n# <<< workbench w\n\nHost *\n  User me\n'
    """
    begin, end = f"# >>> workbench {name}\n", f"# <<< workbench {name}\n"
    unified = text.replace("\r\n", "\n")
    if begin not in unified:
        return new + ("\n" + text if text else "")
    start = unified.index(begin)
    stop = unified.find(end, start)
    if stop < 0:
        raise RequestError(
            f"the line '{begin.strip()}' has no '{end.strip()}' after it. Delete what is left of that block."
        )
    found = unified[start : stop + len(end)]
    if "\r\n" in text:
        found, new = found.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    return text.replace(found, new, 1)


def write(path: Path, name: str, new: str) -> Tuple[Path, bool]:
    """Merge into the file (a link is followed, its mode kept); returns the real file and whether it changed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    real = path.resolve()
    try:
        raw = real.read_bytes() if real.exists() else b""
        text = raw.decode("utf-8", "surrogateescape")
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}. Make it readable, or remove it.") from error
    merged = merge(text, name, new)
    if merged == text:
        return real, False
    mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else 0o600
    dotenv.replace(real, merged, mode)
    return real, True
