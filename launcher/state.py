"""The launcher's own folder, .workbench/: keys, password, network settings, logs; never in git or an image.

`container/` is the only part that the container sees.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.errors import HostNotReady, WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class State:
    """Where each file lies."""

    checkout: Path

    @property
    def folder(self) -> Path:
        """Readable by its owner only."""
        return self.checkout / ".workbench"

    @property
    def container(self) -> Path:
        """Mounted read-only as /etc/workbench/host."""
        return self.folder / "container"

    @property
    def password(self) -> Path:
        """Jupyter's password in plain text, for the person; the container gets only its hash."""
        return self.folder / "jupyter_password"

    @property
    def password_hash(self) -> Path:
        """What Jupyter holds a password against."""
        return self.container / "jupyter_password_hash"

    @property
    def identity(self) -> Path:
        """The private SSH key."""
        return self.folder / "ssh" / "id_ed25519"

    @property
    def public_key(self) -> Path:
        """What belongs to it, for anybody to see."""
        return self.folder / "ssh" / "id_ed25519.pub"

    @property
    def authorized_keys(self) -> Path:
        """Whom sshd lets in; other people's public keys may be added."""
        return self.container / "authorized_keys"

    @property
    def ssh_config(self) -> Path:
        """What `make ssh` reads instead of ~/.ssh/config."""
        return self.folder / "ssh" / "config"

    @property
    def known_hosts(self) -> Path:
        """The container's host key, so that ssh does not ask."""
        return self.folder / "ssh" / "known_hosts"

    @property
    def ca_bundle(self) -> Path:
        """The certificate authorities that the host trusts."""
        return self.folder / "ca-certificates.crt"

    @property
    def network(self) -> Path:
        """Proxy and mirrors for the container."""
        return self.folder / "network.env"

    @property
    def build(self) -> Path:
        """What a build gets as secrets."""
        return self.folder / "build"

    @property
    def logs(self) -> Path:
        """One file for each run of a verb that changes or checks something."""
        return self.folder / "logs"

    def shown(self, path: Path) -> str:
        """A path for a person: from the checkout on where it lies in it."""
        return str(path.relative_to(self.checkout)) if self.checkout in path.parents else str(path)

    def create(self) -> None:
        """Make the folders, closed to others."""
        for folder in (self.folder, self.container, self.identity.parent, self.build, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def delete(self) -> None:
        """Forget keys, password and logs."""
        shutil.rmtree(str(self.folder))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One that changes things at a time in a checkout; WorkbenchError for the second."""
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WorkbenchError(
                    f"another make is at work in {self.checkout}. Wait for it to end, then try again."
                ) from error
            except OSError as error:
                raise HostNotReady(
                    f"{file.name}: this file system locks no files ({error.strerror}). "
                    "Move the checkout to a local disk, or have the lock service of the network one started."
                ) from error
            yield
