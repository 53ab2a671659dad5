"""Findings about disk, memory, processor and the limits around this host."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from launcher.findings import Finding, error, info, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts

GIB = 1 << 30
ENGINE_NEEDS, ENGINE_LIKES, CHECKOUT_NEEDS = 16 * GIB, 25 * GIB, 5 * GIB
MEMORY_NEEDS, MEMORY_LIKES = 4 * GIB, 8 * GIB
SHM_NEEDS = GIB
PIDS_NEED = 512
WATCHES_LIKE = 65_536
UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": GIB}
PRUNE = ["docker system df", "docker builder prune  # asks first; keeps images"]


def check(facts: Facts) -> Iterator[Finding]:
    """Disk, memory, shared memory, processes, processor."""
    yield from _disk(facts)
    yield from _memory(facts)
    yield from _shm(facts)
    yield from _limits(facts)
    if not facts.system.avx2:
        causes = "torch falls back to slow kernels: training on the CPU takes several times as long"
        mend = ["# in a virtual machine, give it the host's processor: qemu -cpu host"]
        yield warning(
            "cpu-avx2", "this processor, or the virtual machine's model of it, has no AVX2", causes, mend
        )


def _gib(size: float) -> str:
    return f"{size / GIB:.1f} GiB"


def _disk(facts: Facts) -> Iterator[Finding]:
    seen = facts.resources
    server = facts.engine.server
    if seen.engine_free is not None and server is not None:
        yield _engine_disk(seen.engine_free, server.image_dir)
    if seen.checkout_free is None or (seen.same_disk and seen.engine_free is not None):
        return
    where = facts.plan.checkout
    if seen.checkout_free < CHECKOUT_NEEDS:
        causes = "data, models and runs are kept there, and a checkpoint of BERT-base is 1.3 GB"
        mend = [f"du -xh --max-depth=2 {shlex.quote(str(facts.plan.mount))} | sort -h | tail"]
        yield warning("disk-checkout", f"{_gib(seen.checkout_free)} free below {where}", causes, mend)
    else:
        yield ok("disk-checkout", f"{_gib(seen.checkout_free)} free below {where}")


def _engine_disk(free: int, root: str) -> Finding:
    found = f"{_gib(free)} free below {root}, where the engine keeps images"
    if free >= ENGINE_LIKES:
        return ok("disk-engine", found)
    causes = (
        f"the first build needs up to {_gib(ENGINE_LIKES)}: 'no space left on device' in the middle of it"
    )
    return (warning if free >= ENGINE_NEEDS else error)("disk-engine", found, causes, PRUNE)


def _memory(facts: Facts) -> Iterator[Finding]:
    seen, server = facts.resources, facts.engine.server
    limit = seen.limits.memory
    if limit is not None and seen.memory is not None and limit < seen.memory:
        found = f"{_around(facts)} allows {_gib(limit)} of {_gib(seen.memory)} of memory"
        causes = "what starts from here is killed above that, without a word: 'Killed', exit code 137"
        status = info if limit >= MEMORY_LIKES else warning
        yield status(
            "memory-limit", found, causes, [_lift(facts, "--memory 16g --memory-swap 16g", "MemoryMax")]
        )
    memory = server.memory if server is not None and server.desktop and server.memory else seen.memory
    if memory is None:
        return
    if memory >= MEMORY_LIKES:
        yield ok("memory", f"{_gib(memory)} of memory")
        return
    causes = "fine-tuning BERT-base takes 4 to 6 GiB beside Jupyter: the kernel kills it, exit code 137"
    mend = ["free -h  # what is in use"]
    if facts.system.wsl:
        mend = ["# in .wslconfig on Windows, [wsl2]: memory=12GB; then wsl.exe --shutdown"]
    yield (warning if memory >= MEMORY_NEEDS else error)("memory", f"{_gib(memory)} of memory", causes, mend)


def _shm(facts: Facts) -> Iterator[Finding]:
    found = re.fullmatch(r"(\d{1,12})([bkmg]?)b?", facts.plan.shm_size.strip().lower(), re.ASCII)
    if found is None:
        return
    size = int(found.group(1)) * UNITS[found.group(2) or "b"]
    said = f"SHM_SIZE={facts.plan.shm_size}"
    if size < SHM_NEEDS:
        causes = "DataLoader workers and NCCL die with 'bus error' or 'No space left on device'"
        yield warning("shm", f"{said} is below {_gib(SHM_NEEDS)}", causes, ["make up SHM_SIZE=8gb"])
    elif facts.resources.memory is not None and size > facts.resources.memory:
        causes = "shared memory is memory: workers that fill it get the container killed"
        mend = [f"make up SHM_SIZE={max(facts.resources.memory // GIB // 2, 1)}gb"]
        yield info(
            "shm", f"{said} is more than this host's {_gib(facts.resources.memory)} of memory", causes, mend
        )


def _around(facts: Facts) -> str:
    return f"the {facts.system.container} container" if facts.system.container else "the cgroup of this login"


def _lift(facts: Facts, docker: str, property_: str) -> str:
    """How the limit around us is raised, by whoever set it."""
    if facts.system.container in {"docker", "podman"}:
        return f"{facts.system.container} update {docker} CONTAINER  # on the outer host"
    if facts.system.container:
        return f"# raise the limit where this {facts.system.container} container is set up"
    return f"sudo systemctl set-property user-{facts.files.owner}.slice {property_}="


def _limits(facts: Facts) -> Iterator[Finding]:
    limits, watches = facts.resources.limits, facts.resources.watches
    if limits.cpus is not None and limits.cpus < 2:
        causes = "training on the CPU and DataLoader workers share them"
        mend = [_lift(facts, "--cpus 4", "CPUQuota")]
        yield warning("cpu-limit", f"{_around(facts)} allows {limits.cpus:.1f} processors", causes, mend)
    if limits.pids is not None and limits.pids < PIDS_NEED:
        causes = "Jupyter and DataLoader workers cannot start threads: 'Resource temporarily unavailable'"
        mend = [_lift(facts, "--pids-limit -1", "TasksMax")]
        yield warning("pids-limit", f"{_around(facts)} allows {limits.pids} processes", causes, mend)
    if watches is not None and watches < WATCHES_LIKE:
        setting = f"fs.inotify.max_user_watches={WATCHES_LIKE * 8}"
        mend = [f"echo {setting} | {facts.system.sudo}tee /etc/sysctl.d/60-inotify.conf"]
        mend.append(f"{facts.system.sudo}sysctl --system")
        causes = "VS Code says 'unable to watch for file changes in this large workspace'"
        yield info("inotify", f"{watches} files can be watched", causes, mend)
