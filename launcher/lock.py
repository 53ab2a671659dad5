"""`make lock`: resolves docker/requirements/*.in into hash locks, in the image, without index addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher import network, textfile
from launcher.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from launcher.docker import Docker
    from launcher.verbs import Verbs

# each lock, and the ones below it in the image, with which it must agree
LOCKS: dict[str, tuple[str, ...]] = {
    "tools": (),
    "torch": (),
    "nlp": ("torch",),
    "interactive": ("torch", "nlp"),
    "extra": ("torch", "nlp", "interactive"),
}
COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url", "--no-header"),
    *("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28"),
)
# uv keeps the pins of the file that it writes to, as far as they still do
LOCK = "/tmp/lock.txt"  # noqa: S108 - in a container of its own
KEEPING = f'[ ! -e "$0" ] || cp "$0" {LOCK} && "$@" --output-file={LOCK} >/dev/null && cat {LOCK}'
UPGRADE = "--upgrade"
BASE_BRINGS = ("nvidia-", "torch==", "triton=")


def run(verbs: Verbs, words: Sequence[str] = ()) -> int:
    """Write each lock as soon as it is resolved; pins that still do stay, unless --upgrade renews all."""
    if list(words) not in ([], [UPGRADE]):
        raise RequestError(f"make lock: {' '.join(words)} found; accepted is nothing, or ARGS={UPGRADE}")
    docker = verbs.docker()
    for name, below in LOCKS.items():
        with verbs.console.step(f"Locking {name}.in", "under a minute"):
            text = _resolve(docker, verbs, name, [*words, *(f"--constraint={other}.txt" for other in below)])
            textfile.update(docker.checkout / "docker" / "requirements" / f"{name}.txt", text, 0o644)
    verbs.console.say("Now build with them: make up")
    return 0


def _resolve(docker: Docker, verbs: Verbs, name: str, options: Sequence[str]) -> str:
    folder = docker.checkout / "docker" / "requirements"
    torch = (folder / "torch.txt").read_text(encoding="utf-8") if LOCKS[name] else ""
    brought = [line.split("==")[0] for line in torch.splitlines() if line.startswith(BASE_BRINGS)]
    words = ["sh", "-c", KEEPING, f"{name}.txt", *COMPILE, f"{name}.in", *options]
    words += [f"--no-emit-package={package}" for package in brought]
    env = network.environment(verbs.settings)
    bundle = f"{verbs.state.ca_bundle}:/etc/ssl/certs/ca-certificates.crt:ro"
    # the values go through the client's environment: a proxy's password is no word of a command line
    argv = [docker.client, "run", "--rm", *(f"--env={key}" for key in env), "--env=UV_CONSTRAINT="]
    argv += ["--volume", f"{folder}:/locks:ro", "--volume", bundle, "--workdir", "/locks"]
    image = verbs.decided["WORKBENCH_IMAGE"]
    return docker.host.run([*argv, image, *words], env=env).check().stdout
