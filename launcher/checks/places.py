"""Findings about ports, the mounted folder and the system as a whole."""

from __future__ import annotations

import errno
import shlex
from typing import TYPE_CHECKING

from launcher.findings import Finding, error, info, ok, warning
from launcher.mends import install_engine
from launcher.plan import PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from launcher.facts import Facts
    from launcher.probes.ports import Port

# neither owners nor modes of Linux live on these
FOREIGN = {"9p", "drvfs", "v9fs", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "cifs", "smb3"}
NETWORK = {"nfs", "nfs4", "fuse.sshfs"}


def check_system(facts: Facts) -> Iterator[Finding]:
    """What this host is, and what follows from it."""
    system = facts.system
    wsl = f" in WSL{system.wsl}" if system.wsl else ""
    inside = f", inside a {system.container} container" if system.container else ""
    yield ok("system", f"{system.name}{wsl}, {system.machine}{inside}")
    if system.kernel != "Linux":
        causes = "containers run in a virtual machine without a GPU: only the cpu variant works"
        yield warning("system-kernel", f"this is {system.kernel}", causes, ["make up VARIANT=cpu"])
    elif system.machine != "x86_64":
        causes = "PyTorch's CUDA images and wheels of 2.7.1 are for x86_64: only the cpu variant works"
        yield warning("architecture", f"the processor is {system.machine}", causes, ["make up VARIANT=cpu"])
    if system.container and facts.engine.problem in {"missing", "stopped"}:
        causes = "an engine starts in here only if the outer container is privileged or shares its socket"
        mend = ["# run `make up` on the outer host, or mount /var/run/docker.sock", *install_engine(system)]
        yield warning("nested", f"this is a {system.container} container without an engine", causes, mend)


def check_ports(facts: Facts) -> Iterator[Finding]:
    """Each port that is wanted; one that this checkout itself holds is as it should be."""
    foreign = [port for port in facts.ports if port.error == errno.EADDRNOTAVAIL]
    if foreign:
        found = f"BIND={facts.plan.bind} is no address of this machine"
        mend = ["hostname -I  # those that are", "make up BIND=127.0.0.1"]
        yield error("bind", found, "no service can listen there: `make up` stops", mend)
    for port in facts.ports:
        if port not in foreign:
            yield _port(port, facts)
    numbers = list(facts.plan.ports.values())
    if len(set(numbers)) < len(numbers):
        found = ", ".join(f"{name} {number}" for name, number in facts.plan.ports.items())
        causes = "the second service fails to start: 'port is already allocated'"
        mend = ["make up " + " ".join(f"{name.upper()}_PORT={number}" for name, number in PORTS.items())]
        yield error("port-twice", f"one port is given to two services: {found}", causes, mend)


def _port(port: Port, facts: Facts) -> Finding:
    name, setting = f"port-{port.service}", f"{port.service.upper()}_PORT"
    if port.free:
        return ok(name, f"{port.number} is free")
    if port.ours:
        return ok(name, f"{port.number} is held by this workbench ({port.holder})")
    if port.error == errno.EACCES:
        found = f"{port.number} is below 1024: only root, as the engine is, may look whether it is free"
        return info(name, found, "if it is taken, the start ends with 'address already in use'")
    found = f"{port.number} is taken" + (f" by the container {port.holder}" if port.holder else "")
    mend = [
        f"make up {setting}={port.number + 10000 if port.number < 50000 else 20000 + port.number % 10000}"
    ]
    if port.holder is None:
        mend.append(f"{facts.system.sudo}ss -ltnp 'sport = :{port.number}'  # who holds it")
    if port.service in facts.plan.fixed:
        return error(name, found, "it was asked for by name: `make up` takes no other and stops", mend)
    return info(name, found, "`make up` takes the next free one and prints it", mend)


def check_files(facts: Facts) -> Iterator[Finding]:
    """The mount: it must belong to the user, because the container's user has the same number."""
    files = facts.files
    sudo = facts.system.sudo
    if files.strangers:
        (name, uid), more = files.strangers[0], len(files.strangers) - 1
        names = f"{name} belongs to user {uid}" + (f", so do {more} folders in it" if more else "")
        causes = "'Permission denied' as soon as a notebook or a training run writes there"
        mend = [f"{sudo}chown -R {files.owner}: {_quoted(files.mount)}"]
        yield warning("workspace-owner", f"{names}; the container's user is {files.owner}", causes, mend)
    elif files.read_only:
        mount = _quoted(files.mount)
        mend = [f"chmod -R u+rwX {mount}", f"findmnt --target {mount}  # is the disk mounted ro?"]
        found = f"not writable: {', '.join(files.read_only)}"
        yield error("workspace-read-only", found, "no data, model or run can be saved", mend)
    else:
        yield ok("workspace", f"{files.mount} can be written by user {files.owner}")
    if files.sudo_user:
        causes = ".workbench/ and .env would belong to root: `make` without sudo cannot read them later"
        mend = [f"sudo usermod -aG docker {files.sudo_user}", "newgrp docker", "make up  # without sudo"]
        yield warning("sudo", f"running through sudo as root, for {files.sudo_user}", causes, mend)
    yield from _surroundings(facts)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _move(path: Path, checkout: Path) -> str:
    return (
        f"mv {_quoted(path)} ~/workbench" if path == checkout else "make up WORKSPACE=/a/path/without/colon"
    )


def _surroundings(facts: Facts) -> Iterator[Finding]:
    files = facts.files
    for path in {files.checkout, files.mount}:
        if ":" in str(path):
            causes = "compose takes it for a separator: 'invalid volume specification'"
            yield error(
                "workspace-path", f"the path {path} has a colon", causes, [_move(path, files.checkout)]
            )
            break
    yield from _file_systems(facts)
    yield from check_labels(facts)


def _file_systems(facts: Facts) -> Iterator[Finding]:
    """Of the mount, else of the checkout, whose notebooks and keys the container reads too."""
    files = facts.files
    places = [(files.mount, files.file_system), (files.checkout, files.checkout_system)]
    clone = [f"git clone {_quoted(files.checkout)} ~/workbench"]
    foreign = next((f"{path} is on {kind}" for path, kind in places if kind in FOREIGN), "")
    if foreign:
        causes = "it keeps no Linux owners: sshd refuses its keys, small files are ten times slower"
        yield warning("workspace-file-system", foreign, causes, clone)
    remote = [(path, f"{path} is on {kind}") for path, kind in places if kind in NETWORK]
    if remote and not foreign:
        path, found = remote[0]
        causes = "a root engine may not read it (root_squash), and checkpoints are as slow as the network"
        mend = ["echo WORKSPACE=/a/local/folder >> .env"] if path == files.mount else clone
        yield info("workspace-file-system", found, causes, mend)


def check_labels(facts: Facts) -> Iterator[Finding]:
    """Where SELinux holds containers back, they see only what bears their label."""
    server, closed = facts.engine.server, facts.files.closed
    if not (facts.system.selinux and server is not None and server.has("selinux") and closed):
        return
    causes = "'Permission denied' though the owner is right"
    mend = [f"{facts.system.sudo}chcon -Rt container_file_t {' '.join(map(shlex.quote, closed))}"]
    more = f" and {len(closed) - 1} more" if len(closed) > 1 else ""
    yield error("selinux", f"SELinux keeps containers out of {closed[0]}{more}", causes, mend)
