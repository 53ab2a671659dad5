"""A real Triton server: that of the PyPI package nvidia-pytriton, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import venv
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# numpy<2 is what the package asks for; onnxruntime computes where the image has its own backend
PACKAGES = ("nvidia-pytriton==0.7.*", "numpy<2", "onnxruntime")
START_SECONDS = 240.0


@dataclass(frozen=True)
class Server:
    """Where it listens."""

    http: int
    grpc: int


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter beside the server; WORKBENCH_TRITON names an environment that is there already."""
    given = os.environ.get("WORKBENCH_TRITON")
    folder = Path(given) if given else Path(__file__).parent / ".venv"
    if not (folder / "installed").exists() and not given:
        venv.create(folder, with_pip=True, clear=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nvidia-pytriton cannot be installed here: {done.stderr.strip()[-300:]}")
        (folder / "installed").touch()
    return folder / "bin" / "python"


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def triton(python: Path, repository: Path, work: Path) -> Iterator[Server]:
    """Start tritonserver on the repository and wait until every model is ready."""
    packages = next((python.parent.parent / "lib").glob("python3.*")) / "site-packages"
    backends = work / "backends"
    shutil.copytree(packages / "pytriton" / "tritonserver" / "backends", backends)
    version = packages.parent.name.removeprefix("python")
    stubs = packages / "pytriton" / "tritonserver" / "python_backend_stubs"
    shutil.copy(stubs / version / "triton_python_backend_stub", backends / "python")
    http, grpc, metrics = free_ports(3)
    argv = [str(packages / "pytriton" / "tritonserver" / "bin" / "tritonserver")]
    argv += [f"--model-repository={repository}", f"--backend-directory={backends}", "--strict-readiness=true"]
    argv += ["--http-address=127.0.0.1", "--grpc-address=127.0.0.1", "--metrics-address=127.0.0.1"]
    argv += [f"--http-port={http}", f"--grpc-port={grpc}", f"--metrics-port={metrics}"]
    env = {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(packages / "nvidia_pytriton.libs"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "HOME": str(work),
    }
    log = work / "triton.log"
    with log.open("w") as stream:
        server = subprocess.Popen(argv, env=env, stdout=stream, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(server, http, log)
        yield Server(http, grpc)
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Ask until it says yes; show the end of its log where it does not."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"Triton did not become ready:\n{log.read_text()[-4000:]}")
