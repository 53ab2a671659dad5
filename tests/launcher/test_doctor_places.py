"""What doctor says of disk, memory, limits, ports, folders and the system as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from launcher.host import Completed
from launcher.probes import ports
from tests.launcher.fakes import CHECKOUT, GIB, Case, FakeHost, confirm, diagnose, table

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.plan import Plan
    from launcher.variants import Variants

OURS = f"com.docker.compose.service=workbench,com.docker.compose.project.working_dir={CHECKOUT}"


def in_container(host: FakeHost) -> None:
    host.write("/run/systemd/container", "lxc\n")
    host.write("/sys/fs/cgroup/memory.max", f"{6 * GIB}\n")


def nested_without_engine(host: FakeHost) -> None:
    host.write("/.dockerenv", "")
    host.programs["docker"] = []


def limits_of_version_1(host: FakeHost) -> None:
    host.remove("/sys/fs/cgroup/cgroup.controllers")
    host.write("/proc/self/cgroup", "4:memory:/box\n1:cpu:/box\n8:pids:/box\n0::/\n")
    host.write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", f"{3 * GIB}\n")
    host.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")


def one_processor(host: FakeHost) -> None:
    host.write("/sys/fs/cgroup/user.slice/cpu.max", "100000 100000\n")


def few_processes(host: FakeHost) -> None:
    host.write("/sys/fs/cgroup/user.slice/pids.max", "100\n")


def memory(gib: int) -> str:
    return f"MemTotal: {gib * GIB // 1024} kB\n"


def held_by(name: str, labels: str = "") -> str:
    return f'{{"name": "{name}", "ports": "22/tcp, 127.0.0.1:8888->8888/tcp", "labels": "{labels}"}}\n'


def jupyter_runs_elsewhere(host: FakeHost) -> None:
    host.taken.add(8888)
    host.commands["docker ps"] = held_by("other-jupyter-1")


def through_sudo(host: FakeHost) -> None:
    host.user = 0
    host.env.update(SUDO_USER="ada", SUDO_UID="1000")


def selinux(host: FakeHost) -> None:
    host.write("/sys/fs/selinux/enforce", "1")
    host.engine(SecurityOptions=["name=selinux"])


def containerd_elsewhere(host: FakeHost) -> None:
    host.engine(DriverStatus=[["driver-type", "io.containerd.snapshotter.v1"]])
    host.write("/etc/containerd/config.toml", 'version = 3\nroot = "/data/containerd"\n')
    host.write("/data/containerd/.keep", "")
    host.free["/data"] = 10 * GIB


def on_windows_disk(host: FakeHost) -> None:
    host.write("/proc/self/mounts", "/dev/sdc / ext4 rw 0 0\nC:\\134 /home 9p rw 0 0\n")


def checkout_on_nfs(host: FakeHost) -> None:
    host.write("/proc/self/mounts", f"/dev/sdc / ext4 rw 0 0\nfiler:/x {CHECKOUT} nfs4 rw 0 0\n")


def on_nfs(host: FakeHost) -> None:
    host.write("/proc/self/mounts", "/dev/sdc / ext4 rw 0 0\nfiler:/home /home/ada nfs4 rw 0 0\n")


CASES = [
    Case(
        "10 GiB for images",
        lambda host: host.free.update({"/": 10 * GIB}),
        "disk-engine",
        "error",
        ("10.0 GiB",),
    ),
    Case(
        "10 GiB where containerd keeps the images",
        containerd_elsewhere,
        "disk-engine",
        "error",
        ("10.0 GiB free below /data/containerd",),
    ),
    Case(
        "20 GiB for images",
        lambda host: host.free.update({"/": 20 * GIB}),
        "disk-engine",
        "warning",
        ("prune",),
    ),
    Case(
        "2 GiB for data and models",
        lambda host: host.free.update({"/home": 2 * GIB}),
        "disk-checkout",
        "warning",
        ("2.0 GiB", "du -xh"),
    ),
    Case("2 GiB of memory", lambda host: host.write("/proc/meminfo", memory(2)), "memory", "error", ("137",)),
    Case(
        "6 GiB of memory", lambda host: host.write("/proc/meminfo", memory(6)), "memory", "warning", ("137",)
    ),
    Case("a limit of LXC", in_container, "memory-limit", "warning", ("lxc", "6.0 GiB", "Killed")),
    Case("a limit of cgroup v1", limits_of_version_1, "memory-limit", "warning", ("3.0 GiB",)),
    Case("one processor allowed", one_processor, "cpu-limit", "warning", ("1.0",)),
    Case("100 processes allowed", few_processes, "pids-limit", "warning", ("100",)),
    Case(
        "no AVX2",
        lambda host: host.write("/proc/cpuinfo", "flags : fpu sse\n"),
        "cpu-avx2",
        "warning",
        ("AVX2",),
    ),
    Case(
        "64 MB of shm", lambda _: None, "shm", "warning", ("bus error", "SHM_SIZE=8gb"), {"SHM_SIZE": "64m"}
    ),
    Case("more shm than memory", lambda _: None, "shm", "info", ("64gb",), {"SHM_SIZE": "64gb"}),
    Case(
        "few inotify watches",
        lambda host: host.write("/proc/sys/fs/inotify/max_user_watches", "8192\n"),
        "inotify",
        "info",
        ("sysctl --system",),
    ),
    Case(
        "a taken port",
        lambda host: host.taken.add(8888),
        "port-jupyter",
        "info",
        ("JUPYTER_PORT=18888", "ss -ltnp"),
    ),
    Case(
        "a taken port that was asked for",
        lambda host: host.taken.add(2223),
        "port-ssh",
        "error",
        ("2223", "SSH_PORT=12223"),
        {"SSH_PORT": "2223"},
    ),
    Case("a port of another container", jupyter_runs_elsewhere, "port-jupyter", "info", ("other-jupyter-1",)),
    Case(
        "a port below 1024",
        lambda host: host.low.add(22),
        "port-ssh",
        "info",
        ("22 is below 1024: only root", "already in use"),
        {"SSH_PORT": "22"},
    ),
    Case(
        "a taken port below 1024",
        lambda host: host.taken.add(22),
        "port-ssh",
        "error",
        ("22 is taken", "SSH_PORT=10022"),
        {"SSH_PORT": "22"},
    ),
    Case(
        "an address of another machine",
        lambda host: setattr(host, "foreign", "192.0.2.7"),
        "bind",
        "error",
        ("BIND=192.0.2.7 is no address of this machine", "hostname -I"),
        {"BIND": "192.0.2.7"},
    ),
    Case(
        "one port given twice",
        lambda _: None,
        "port-twice",
        "error",
        ("jupyter 6006",),
        {"JUPYTER_PORT": "6006"},
    ),
    Case(
        "a workspace of root",
        lambda host: host.owners.update({f"{CHECKOUT}/workspace": 0}),
        "workspace-owner",
        "warning",
        ("user 0", f"sudo chown -R 1000: {CHECKOUT}/workspace"),
    ),
    Case(
        "a workspace that is read-only",
        lambda host: host.closed.add(f"{CHECKOUT}/workspace"),
        "workspace-read-only",
        "error",
        ("findmnt",),
    ),
    Case("sudo", through_sudo, "sudo", "warning", ("usermod -aG docker ada",)),
    Case("SELinux", selinux, "selinux", "error", (f"chcon -Rt container_file_t {CHECKOUT}/workspace/data",)),
    Case("Windows' disk", on_windows_disk, "workspace-file-system", "warning", ("9p", "git clone")),
    Case("NFS", on_nfs, "workspace-file-system", "info", ("nfs4", "root_squash")),
    Case(
        "only the checkout on NFS",
        checkout_on_nfs,
        "workspace-file-system",
        "info",
        (f"{CHECKOUT} is on nfs4", "git clone"),
        {"WORKSPACE": "/srv/ada"},
    ),
    Case(
        "a colon in the path",
        lambda _: None,
        "workspace-path",
        "error",
        ("colon",),
        {"WORKSPACE": "/data/a:b"},
    ),
    Case(
        "arm64",
        lambda host: setattr(host, "uname", ("Linux", "aarch64")),
        "architecture",
        "warning",
        ("cpu",),
    ),
    Case(
        "macOS",
        lambda host: setattr(host, "uname", ("Darwin", "arm64")),
        "system-kernel",
        "warning",
        ("Darwin",),
    ),
    Case("a container without engine", nested_without_engine, "nested", "warning", ("docker container",)),
]


@table(*CASES)
def test_it_explains(case: Case, host: FakeHost, variants: Variants) -> None:
    confirm(case, host, variants)


def test_ports_of_this_workbench_are_ours_by_whatever_way_it_was_started(
    host: FakeHost, variants: Variants, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(CHECKOUT)
    host.taken.add(8888)
    host.commands["docker ps"] = held_by("w", f"com.docker.compose.project.working_dir={tmp_path}/link")
    (found,) = [finding for finding in diagnose(host, variants) if finding.id == "port-jupyter"]
    assert found.found == "8888 is held by this workbench (w)"


def test_a_container_that_compose_did_not_start_is_not_of_this_checkout(
    host: FakeHost, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    host.taken.add(8888)
    host.commands["docker ps"] = held_by("other")
    found = ports.look(host, replace(plan, checkout=tmp_path), "docker")
    assert [(port.holder, port.ours) for port in found if not port.free] == [("other", False)]


def test_the_ports_of_this_very_workbench_are_as_they_should_be(host: FakeHost, variants: Variants) -> None:
    host.taken.add(8888)
    host.commands["docker ps"] = held_by("workbench-1", OURS)
    found = {finding.id: finding for finding in diagnose(host, variants)}
    assert found["port-jupyter"].status == "ok"
    assert found["port-jupyter"].found == "8888 is held by this workbench (workbench-1)"


def test_a_port_is_taken_even_where_no_container_can_be_listed(host: FakeHost, variants: Variants) -> None:
    host.taken.add(6006)
    host.commands["docker ps"] = Completed((), 1, "", "boom")
    found = {finding.id: finding for finding in diagnose(host, variants)}
    assert found["port-tensorboard"].found == "6006 is taken"


def test_root_may_find_its_own_files_because_up_hands_them_over(host: FakeHost, variants: Variants) -> None:
    host.user = 0
    host.owners[f"{CHECKOUT}/workspace"] = 0
    assert "workspace-owner" not in {finding.id for finding in diagnose(host, variants)}


@pytest.mark.parametrize("text", ["max\n", "", "garbage", "9223372036854771712\n"])
def test_no_limit_is_found_where_the_cgroup_sets_none(text: str, host: FakeHost, variants: Variants) -> None:
    host.write("/sys/fs/cgroup/user.slice/memory.max", text)
    assert "memory-limit" not in {finding.id for finding in diagnose(host, variants)}


def test_a_healthy_host_gets_nothing_but_good_news(host: FakeHost, variants: Variants) -> None:
    assert {finding.status for finding in diagnose(host, variants)} <= {"ok", "info"}


def test_folders_with_the_containers_label_are_as_selinux_wants_them(
    host: FakeHost, variants: Variants
) -> None:
    selinux(host)
    host.labels[f"{CHECKOUT}/workspace/data"] = "system_u:object_r:container_file_t:s0"
    assert "selinux" not in {finding.id for finding in diagnose(host, variants)}
