"""`make test`: proves the project on a machine that has only Python, make, and root to install the rest.

Output is shown as it comes; a stage that fails does not hide the later ones, and makes the exit code 1.
`python3 tests/run.py launcher lint` runs some of the stages.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / "tests" / ".venv"
LOCK = CHECKOUT / "tests" / "requirements" / "host.txt"
# - busybox-static: stands in for the image where only the wiring is tested
# - chromium: opens Jupyter and TensorBoard as a person does
PROGRAMS = {
    "busybox": "busybox-static",
    "chromium": "chromium",
    "git": "git",
    "ip": "iproute2",
    "mkfs.ext4": "e2fsprogs",
    "rsync": "rsync",
    "ssh": "openssh-client",
}
HOST_TESTS = "tests/run.py tests/launcher tests/stack tests/up tests/image tests/lint tests/gpu_wiring"
PYTHON = [
    "ruff check .",
    "ruff format --check .",
    f"mypy launcher benchmarks/workbench.py {HOST_TESTS}",
]


@dataclass(frozen=True)
class Stage:
    """One part of the proof."""

    name: str
    run: Callable[[], None]


def sh(*argv: str, **env: str) -> None:
    """Run one command in the checkout, its output passed through; CalledProcessError where it fails."""
    print("$", " ".join(argv), flush=True)
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(argv, cwd=CHECKOUT, env={**os.environ, "PATH": path, **env}, check=True)


def pytest(*places: str) -> None:
    """Run the tests of some folders on the host."""
    sh(*PYTEST, *places)


def prepare() -> None:
    """Install the host's programs (as root, from the distribution) and the locked Python packages."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if importlib.util.find_spec("ensurepip") is None:  # Debian keeps what venv needs in a package of its own
        missing.append("python3-venv")
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        sh("apt-get", "-q", "update")
        install = ["apt-get", "-q", "-y", "install", "--no-install-recommends", *missing]
        sh(*install, DEBIAN_FRONTEND="noninteractive")
    elif missing:
        print(f"missing, and installing needs root: {', '.join(missing)}; some tests say so", flush=True)
    stamp = VENV / hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists():
        sh(sys.executable, "-m", "venv", "--clear", str(VENV))
        sh("python", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(LOCK))
        stamp.touch()


def lint() -> None:
    """Style and types of everything that needs no torch; shell scripts and Dockerfiles."""
    for command in PYTHON:
        sh(*command.split())
    pytest("tests/lint")


def image() -> str:
    """The reference of this checkout's image, as `make status` tells it."""
    argv = [sys.executable, "-m", "launcher", "status"]
    answer = subprocess.run(
        argv, cwd=CHECKOUT, env={**os.environ, "FORMAT": "json"}, check=False, stdout=subprocess.PIPE
    )
    return str(json.loads(answer.stdout)["image"])


def inside() -> None:
    """Everything that needs torch: in a child of the image, as its user, without a network."""
    tag = child("tests/Dockerfile", image(), "tests")
    # the files that take longest come first, or one core would idle while the other ends them
    places = ["tests/notebooks", "tests/docs", "tests/smoke", "tests/finetune", "tests/gpu"]
    # the tutorials' service wants FastAPI
    typed = ["--exclude=serving_tutorial", *CODE_INSIDE, *places]
    sh(*RUN, f"--env=MYPYPATH=benchmarks:{SMOKE}", tag, *MYPY, *typed)
    # a file's tests stay together, one process a core: with more threads each would wait for the others
    spread = ["--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder"]
    sh(*RUN, "--env=OMP_NUM_THREADS=1", tag, *PYTEST, *spread, *places)


def triton() -> None:
    """An exported repository before a real Triton server, which lies in a child of the tests' image."""
    tests = child("tests/Dockerfile", image(), "tests")
    sh(*RUN, child("tests/triton/Dockerfile", tests, "triton"), *PYTEST, "tests/triton")


def child(dockerfile: str, parent: str, name: str) -> str:
    """Build a child of the image and return its tag."""
    tag = image().split(":")[0] + f":{name}"
    secrets = [f"--secret=id={one},src=.workbench/{path}" for one, path in SECRETS.items()]
    build = ["docker", "build", "--quiet", f"--file={dockerfile}", f"--build-arg=IMAGE={parent}"]
    sh(*build, *secrets, f"--tag={tag}", ".")
    return tag


SMOKE = "docker/rootfs/usr/local/lib/workbench"
CODE_INSIDE = ["finetune", "scripts", "benchmarks", SMOKE, "docker/build"]
MYPY = ["python", "-m", "mypy", "--cache-dir=/tmp/mypy"]
RUN = ["docker", "run", "--rm", "--network=none", "--shm-size=2gb", f"--volume={CHECKOUT}:/checkout:ro"]
RUN += ["--workdir=/checkout", "--env=PYTHONPATH=/checkout", "--env=PYTHONDONTWRITEBYTECODE=1"]
RUN += ["--env=HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis"]
PYTEST = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=600", "--durations=12"]
SECRETS = {"network": "build/network", "ca": "ca-certificates.crt"}
STAGES = [
    Stage("lint", lint),
    Stage("launcher", lambda: pytest("tests/launcher")),
    Stage("up", lambda: sh("make", "up")),
    Stage("smoke-test", lambda: sh("make", "smoke-test")),
    Stage("image", lambda: pytest("tests/image", "tests/gpu_wiring")),
    Stage("inside", inside),
    Stage("triton", triton),
    Stage("stack", lambda: pytest("tests/stack", "tests/up")),
]


def main() -> int:
    """Run the stages; print how each ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(stage.name for stage in STAGES))
    chosen = parser.parse_args().stages
    # a shell that starts us in the background has Ctrl-C ignored, and all that we start would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unknown = set(chosen) - {stage.name for stage in STAGES}
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    ended = {"prepare": _run(Stage("prepare", prepare))}
    if "failed" in ended["prepare"]:
        print(f"\nprepare {ended['prepare']}", flush=True)
        return 1
    for stage in STAGES:
        if not chosen or stage.name in chosen:
            ended[stage.name] = _run(stage)
    print("\n" + "\n".join(f"{name:<12} {how}" for name, how in ended.items()), flush=True)
    return int(any("failed" in how for how in ended.values()))


def _run(stage: Stage) -> str:
    print(f"\n=== {stage.name}", flush=True)
    began = time.monotonic()
    try:
        stage.run()
        how = "passed"
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        how = f"failed: {error}"
    return f"{how} ({time.monotonic() - began:.0f} s)"


if __name__ == "__main__":
    sys.exit(main())
