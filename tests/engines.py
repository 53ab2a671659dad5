"""A container engine of the tests' own, beside the host's."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.stack.programs import environment, run, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def started(folder: Path, data: Path, *options: str, **extra: str) -> Iterator[str]:
    """A daemon that keeps its images below `data`; its socket, as DOCKER_HOST names it, once it answers."""
    address = f"unix://{folder}/docker.sock"
    # in the host's network it would delete the first engine's bridge
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    argv = [*alone, "dockerd", f"--host={address}", f"--data-root={data}"]
    # short names: below exec lie sockets, whose paths may not be long
    argv += [f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    argv += ["--bridge=none", "--iptables=false", "--ip6tables=false", *options]
    with (folder / "dockerd.log").open("wb") as log, ExitStack() as stack:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=environment(extra))
        stack.callback(process.wait, timeout=60)
        stack.callback(process.terminate)

        def answers() -> bool:
            assert process.poll() is None, (folder / "dockerd.log").read_text()
            return run(["docker", "--host", address, "version"], folder).returncode == 0

        wait_until(answers, "it answers")
        yield address
