"""A second container engine of the tests' own, which believes that NVIDIA's toolkit is installed."""

from __future__ import annotations

import io
import os
import resource
import shutil
import socket
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import engines

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
HOOK = Path(__file__).with_name("nvidia_container_runtime_hook.py")
STAND_IN = "workbench-stand-in:test"
OVERLAYS = ("compose.yaml", "compose.gpu.yaml")


@dataclass(frozen=True)
class Engine:
    """It keeps everything in one folder, and its name spaces apart from those of any other engine."""

    folder: Path

    @property
    def log(self) -> Path:
        """What the hook was asked for, a line per container."""
        return self.folder / "hook.log"

    @property
    def environment(self) -> dict[str, str]:
        """Leads the engine's client, and compose, to this engine."""
        return {**os.environ, "DOCKER_HOST": f"unix://{self.folder}/docker.sock", "DOCKER_CONTEXT": "default"}

    @contextmanager
    def started(self) -> Iterator[None]:
        """The daemon runs, with the stub on its PATH, until the block ends."""
        self._install_hook()
        apart = ["--containerd-namespace=wiring", "--containerd-plugins-namespace=wiring-plugins"]
        extra = {"PATH": f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}", "WIRING_LOG": str(self.log)}
        with engines.started(self.folder, self.folder / "data", *apart, "--storage-driver=vfs", **extra):
            yield

    def _install_hook(self) -> None:
        hook = self.folder / "bin" / "nvidia-container-runtime-hook"
        hook.parent.mkdir()
        hook.write_text(f"#!/bin/sh\nexec {sys.executable} {HOOK}\n")
        hook.chmod(0o755)
        self.log.touch()

    def ask(self, *argv: str, **setting: str) -> subprocess.CompletedProcess[str]:
        """One command that talks to this engine, and how it ended."""
        environment = {**self.environment, **setting}
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    def run(self, *argv: str, **setting: str) -> None:
        """One command that must succeed."""
        done = self.ask(*argv, **setting)
        assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}{done.stderr}"

    def load_stand_in(self) -> None:
        """An image of a megabyte, with a shell and nothing else, in the place of the workbench's."""
        archive = io.BytesIO()
        busybox = shutil.which("busybox") or ""
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(busybox, arcname="bin/busybox")
            for name in ("sh", "sleep", "env", "grep", "sort", "tr"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        (self.folder / "stand-in.tar").write_bytes(archive.getvalue())
        change = '--change=CMD ["sleep", "600"]'
        self.run("docker", "import", change, str(self.folder / "stand-in.tar"), STAND_IN)


def project(folder: Path) -> Path:
    """The checkout's compose files, as they are, among the folders that they mount."""
    for name in OVERLAYS:
        shutil.copy(REPOSITORY / name, folder)
    mounted = [f"workspace/{name}" for name in ("data", "models", "runs")]
    for name in ("notebooks", "scripts", "benchmarks", *mounted, ".workbench/container"):
        (folder / name).mkdir(parents=True)
    (folder / ".workbench" / "ca-certificates.crt").touch()
    return folder


def settings() -> dict[str, str]:
    """What `make up` writes to .env: free ports, and the memory-lock limit that this machine allows."""
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    return {
        "WORKBENCH_NAME": "workbench-wiring-test",
        "WORKBENCH_IMAGE": STAND_IN,
        "MEMLOCK": str(limit),
        "SHM_SIZE": "64mb",
        "JUPYTER_PORT": str(_free_port()),
        "SSH_PORT": str(_free_port()),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
