"""The only door to the outside world: files, programs, sockets, the clock and who we are.

Everything else in the launcher takes a Host, so that a test can hand it a fake one.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import net, process
from launcher.errors import WorkbenchError
from launcher.net import Reach, Route
from launcher.process import Completed, Start, Work, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Completed", "FileStat", "Host", "Reach", "Route", "quote"]

NOT_FOUND = 127
ASK_SECONDS = 10.0


@dataclass(frozen=True)
class FileStat:
    """What a probe needs to know of a file: who owns it, whether it is a folder."""

    uid: int
    gid: int
    is_dir: bool


class Host:
    """This machine. Paths are absolute on the host and are looked up under `root`."""

    def __init__(self, root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> None:
        self.root = root
        self.environ = environ

    def path(self, path: str | Path) -> Path:
        """Where `path` of the host really lies."""
        return self.root / str(path).lstrip("/")

    def read_text(self, path: str | Path) -> str | None:
        """The file's text, or None where it is absent or unreadable."""
        try:
            return self.path(path).read_bytes().decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def exists(self, path: str | Path) -> bool:
        """Whether anything is there."""
        return os.path.lexists(self.path(path))

    def list_dir(self, path: str | Path) -> list[str]:
        """Sorted names in a folder; none where it is absent or unreadable."""
        try:
            return sorted(entry.name for entry in self.path(path).iterdir())
        except (OSError, ValueError):
            return []

    def stat(self, path: str | Path) -> FileStat | None:
        """Its owner, links followed; None where nothing is there."""
        try:
            found = self.path(path).stat()
        except (OSError, ValueError):
            return None
        return FileStat(found.st_uid, found.st_gid, self.path(path).is_dir())

    def label(self, path: str | Path) -> str:
        """SELinux's label: "system_u:object_r:container_file_t:s0"; empty where there is none."""
        try:
            return os.getxattr(self.path(path), "security.selinux").decode("utf-8", "replace").rstrip("\0")
        except (OSError, AttributeError):  # macOS has no such call
            return ""

    def can_write(self, path: str | Path) -> bool:
        """Whether we may write there."""
        return os.access(self.path(path), os.W_OK)

    def disk_free(self, path: str | Path) -> int | None:
        """Bytes that an ordinary user may still write below `path` (or its nearest parent that exists)."""
        place = self.path(path)
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        try:
            return shutil.disk_usage(place).free
        except OSError:
            return None

    def same_disk(self, one: str | Path, other: str | Path) -> bool:
        """Whether two places that exist share a file system; unknown counts as shared."""
        try:
            return self.path(one).stat().st_dev == self.path(other).stat().st_dev
        except (OSError, ValueError):
            return True

    def which(self, name: str) -> str | None:
        """The first program of this name on PATH."""
        found = self.which_all(name)
        return found[0] if found else None

    def which_all(self, name: str) -> list[str]:
        """Every program of this name on PATH, in order, one for each real file."""
        found: dict[str, str] = {}
        for folder in self.environ.get("PATH", os.defpath).split(os.pathsep):
            path = Path(folder or ".") / name
            # not Path.is_file, which raises where a folder of PATH is closed to us
            if os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113
                found.setdefault(os.path.realpath(path), str(path))
        return list(found.values())

    def run(
        self,
        argv: Sequence[str],
        timeout: float | None = None,
        text: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Completed:
        """Run to the end; `text` is its standard input, `env` is laid over ours.

        MissingProgram where it is not on PATH; after `timeout` a Completed with timed_out.
        """
        return process.run(self._start(argv, text, env, cwd), timeout)

    def ask(
        self, argv: Sequence[str], timeout: float = ASK_SECONDS, env: Mapping[str, str] | None = None
    ) -> Completed:
        """Run for its answer and never raise: a program that is missing or cannot start ends with 127."""
        try:
            return self.run(argv, timeout, env=env)
        except WorkbenchError as error:
            return Completed(tuple(argv), NOT_FOUND, stderr=str(error))

    def stream(self, work: Work, on_line: Callable[[str], None], text: str | None = None) -> Completed:
        """Run a long step, each line of output and errors going to `on_line`; stdout keeps the last ones.

        `text` is its standard input. Ctrl-C, or an exception in `on_line`, ends the whole process group; so
        does more silence than the work may keep, which gives a Completed with timed_out.
        """
        return process.stream(self._start(work.argv, text, work.env, work.cwd), on_line, work.stall)

    def _start(
        self, argv: Sequence[str], text: str | None, env: Mapping[str, str] | None, cwd: Path | None
    ) -> Start:
        return Start(argv, {**self.environ, **(env or {})}, cwd, text)

    def bind_error(self, address: str, port: int) -> int:
        """Why no server could listen there now, as errno numbers it; 0 where one could."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            return error.errno or errno.EINVAL
        except OverflowError:
            return errno.EINVAL
        return 0

    def can_bind(self, address: str, port: int) -> bool:
        """Whether nobody listens there; a port that only root may take can be had, for the engine is root."""
        return self.bind_error(address, port) in {0, errno.EACCES}

    def reach(self, url: str, route: Route) -> Reach:
        """Whether an address answers over HTTP; never later than the route's timeout."""
        return net.reach(url, route)

    @property
    def python(self) -> str:
        """The interpreter that runs the launcher."""
        return sys.executable

    @property
    def uid(self) -> int:
        """The user's number."""
        return os.getuid()

    @property
    def gid(self) -> int:
        """The number of the user's group."""
        return os.getgid()

    @property
    def is_root(self) -> bool:
        """Whether system files may be changed without sudo."""
        return os.geteuid() == 0

    @property
    def groups(self) -> list[str]:
        """Names of the groups that this process belongs to."""
        known = {entry.gr_gid: entry.gr_name for entry in grp.getgrall()}
        return sorted(known.get(number, str(number)) for number in {*os.getgroups(), self.gid})

    @property
    def username(self) -> str:
        """The user's name; a number without a name is given as it is."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return Path(self.environ.get("HOME") or Path.home())

    @property
    def kernel(self) -> str:
        """The operating system's kernel: Linux, Darwin."""
        return os.uname().sysname

    @property
    def machine(self) -> str:
        """The processor architecture, as uname says it: x86_64, aarch64."""
        return os.uname().machine

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()
