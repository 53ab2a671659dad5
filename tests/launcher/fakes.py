"""A host made of a folder, a table of commands and a table of addresses; nothing real is touched."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from launcher.doctor import examine
from launcher.errors import MissingProgram
from launcher.host import Completed, FileStat, Host, Reach, Route
from launcher.plan import from_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from launcher.findings import Finding
    from launcher.process import Work
    from launcher.variants import Variants

REPOSITORY = Path(__file__).resolve().parents[2]
CHECKOUT = Path("/home/ada/workbench")
GIB = 1 << 30
INFO = "docker info"

SERVER: dict[str, Any] = {
    "ServerVersion": "28.2.2",
    "DockerRootDir": "/var/lib/docker",
    "CgroupDriver": "cgroupfs",
    "Runtimes": {"runc": {}},
    "SecurityOptions": ["name=seccomp,profile=builtin"],
    "OperatingSystem": "Debian GNU/Linux 13 (trixie)",
    "OSType": "linux",
    "Driver": "overlay2",
    "RegistryConfig": {"Mirrors": None},
    "MemTotal": 32 * GIB,
    "ClientInfo": {
        "Version": "28.2.2",
        "Context": "default",
        "Plugins": [{"Name": "buildx", "Version": "v0.24.0"}, {"Name": "compose", "Version": "2.36.2"}],
    },
}
RELEASES = {
    "debian": 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "ubuntu": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n',
    "fedora": 'ID=fedora\nVERSION_ID=42\nPRETTY_NAME="Fedora Linux 42"\n',
    "rhel": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.5"\nPRETTY_NAME="Rocky Linux 9.5"\n',
    "arch": 'ID=arch\nPRETTY_NAME="Arch Linux"\n',
    "suse": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
    "generic": 'ID=void\nPRETTY_NAME="Void Linux"\n',
}
FILES = {
    "/etc/os-release": RELEASES["debian"],
    "/proc/version": "Linux version 6.12.0",
    "/proc/meminfo": "MemTotal:       33554432 kB\n",
    "/proc/self/cgroup": "0::/user.slice\n",
    "/proc/self/mounts": "/dev/sda1 / ext4 rw 0 0\n",
    "/proc/cpuinfo": "flags\t\t: fpu sse avx avx2\n",
    "/proc/sys/fs/inotify/max_user_watches": "524288\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
    "/run/systemd/system/.keep": "",
    "/etc/apt/sources.list": "deb http://mirror.example/debian trixie main\n",
    "/var/lib/dpkg/info/docker.io.list": "/usr/sbin/dockerd\n",
    f"{CHECKOUT}/workspace/data/.keep": "",
}


class FakeHost(Host):
    """A healthy Debian machine without a GPU, until a test says otherwise."""

    def __init__(self, root: Path) -> None:
        self.env = {"PATH": "/usr/bin", "HOME": "/home/ada"}
        super().__init__(root, self.env)
        self.programs: dict[str, list[str]] = {"docker": ["/usr/bin/docker"]}
        self.commands: dict[str, Completed | str] = {
            "docker --version": "Docker version 28.2.2, build 1",
            INFO: json.dumps(SERVER),
            "docker ps": "",
            "docker compose version --short": "2.36.2\n",
            "docker buildx version": "github.com/docker/buildx v0.24.0 1\n",
            "python -c": "https://mirror.example/simple\n",
        }
        self.answers: dict[str, Reach] = {}
        self.taken: set[int] = set()
        self.low: set[int] = set()  # only root may listen there
        self.foreign = ""  # an address of another machine
        self.labels: dict[str, str] = {}
        self.free: dict[str, int] = {"/": 200 * GIB}
        self.owners: dict[str, int] = {}
        self.closed: set[str] = set()
        self.user = 1000
        self.uname = ("Linux", "x86_64")
        self.clock = 1_750_000_000.0
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, text: str | bytes) -> None:
        """Put a file there."""
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def remove(self, path: str) -> None:
        """Take a file away."""
        self.path(path).unlink()

    def engine(self, **changes: Any) -> None:  # noqa: ANN401 - the engine's own JSON
        """Let the engine say something else of itself."""
        self.commands[INFO] = json.dumps({**SERVER, **changes})

    def no_server(self, complaint: str) -> None:
        """Let the client answer for itself only."""
        client = {"ServerVersion": "", "ClientInfo": SERVER["ClientInfo"]}
        self.commands[INFO] = Completed((), 1, json.dumps(client), complaint)

    def unreachable(self, kind: str, *parts: str, **more: Any) -> None:  # noqa: ANN401
        """Let every address that holds one of `parts` fail in this way."""
        for part in parts:
            self.answers[part] = Reach(
                part, ok=False, kind=kind, reason=more.pop("reason", kind), seconds=1.0, **more
            )

    def which_all(self, name: str) -> list[str]:
        return self.programs.get(name, [])

    def run(
        self,
        argv: Sequence[str],
        timeout: float | None = None,
        text: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Completed:
        """The longest planned beginning of the command answers; the name's folder does not count."""
        del timeout, text, env, cwd
        name = Path(argv[0]).name
        said = " ".join([name, *(Path(word).name if word.startswith("/") else word for word in argv[1:])])
        exact = f"{argv[0]} {' '.join(argv[1:])}"
        planned = [key for key in self.commands if said.startswith(key) or exact.startswith(key)]
        if not planned:
            raise MissingProgram(name, "/usr/bin")
        answer = self.commands[max(planned, key=len)]
        return answer if isinstance(answer, Completed) else Completed(tuple(argv), 0, answer)

    def stream(self, work: Work, on_line: Callable[[str], None], text: str | None = None) -> Completed:
        del on_line, text
        raise AssertionError(f"a probe never starts a long step: {work}")

    def reach(self, url: str, route: Route) -> Reach:
        del route
        for part, answer in self.answers.items():
            if part in url:
                return Reach(
                    url, answer.ok, answer.kind, answer.reason, answer.seconds, answer.status, answer.date
                )
        return Reach(url, ok=True, kind="ok", reason="HTTP 200", seconds=0.1, status=200)

    def bind_error(self, address: str, port: int) -> int:
        if address == self.foreign:
            return errno.EADDRNOTAVAIL
        return errno.EADDRINUSE if port in self.taken else errno.EACCES if port in self.low else 0

    def label(self, path: str | Path) -> str:
        return self.labels.get(str(path), "unconfined_u:object_r:user_home_t:s0")

    def disk_free(self, path: str | Path) -> int | None:
        fitting = [folder for folder in self.free if str(path).startswith(folder)]
        return self.free[max(fitting, key=len)] if fitting else None

    def same_disk(self, one: str | Path, other: str | Path) -> bool:
        del one, other
        return len(self.free) == 1

    def stat(self, path: str | Path) -> FileStat | None:
        owner = next((uid for folder, uid in self.owners.items() if str(path).startswith(folder)), 1000)
        return FileStat(owner, owner, is_dir=True) if self.exists(path) else None

    def can_write(self, path: str | Path) -> bool:
        return str(path) not in self.closed

    @property
    def python(self) -> str:
        return "/usr/bin/python"

    @property
    def uid(self) -> int:
        return self.user

    @property
    def gid(self) -> int:
        return self.user

    @property
    def is_root(self) -> bool:
        return self.user == 0

    @property
    def username(self) -> str:
        return "root" if self.is_root else "ada"

    @property
    def kernel(self) -> str:
        return self.uname[0]

    @property
    def machine(self) -> str:
        return self.uname[1]

    def now(self) -> float:
        return self.clock


def driver_answer(*gpus: dict[str, Any], **changes: Any) -> str:  # noqa: ANN401
    """What the child that asks the driver prints; cuda_* and nvml_* override single answers."""
    cuda = {"library": "/usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15", "version": 12080, "code": 0}
    nvml = {"code": 0, "driver": "570.86.15", "devices": len(gpus), "mig": 0}
    cuda.update({key[5:]: value for key, value in changes.items() if key.startswith("cuda_")})
    nvml.update({key[5:]: value for key, value in changes.items() if key.startswith("nvml_")})
    rows = [
        {"index": number, "memory": 24 * GIB, "compute_mode": 0, **gpu} for number, gpu in enumerate(gpus)
    ]
    return json.dumps({"nvml": nvml}) + "\n" + json.dumps({"cuda": {**cuda, "gpus": rows}}) + "\n"


RTX_4090 = {"name": "NVIDIA GeForce RTX 4090", "major": 8, "minor": 9}
RTX_5090 = {"name": "NVIDIA GeForce RTX 5090", "major": 12, "minor": 0}
V100 = {"name": "Tesla V100-SXM2-16GB", "major": 7, "minor": 0}
K80 = {"name": "Tesla K80", "major": 3, "minor": 7}
CHILD = "python driver_api.py"


def add_card(host: FakeHost) -> None:
    """A card on the PCI bus, and nothing that drives it."""
    host.write("/sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n")
    host.write("/sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n")
    host.commands[CHILD] = '{"nvml": {}}\n{"cuda": {"library": null}}\n'


def add_gpu(host: FakeHost, *gpus: dict[str, Any], module: str = "570.86.15", **changes: Any) -> None:  # noqa: ANN401
    """Card, loaded driver, toolkit and an engine that knows it: everything works."""
    add_card(host)
    host.write("/sys/module/nvidia/version", f"{module}\n")
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        host.write(f"/dev/{name}", "")
    host.commands[CHILD] = driver_answer(*(gpus or (RTX_4090,)), **changes)
    add_toolkit(host, "1.17.8")
    host.engine(Runtimes={"runc": {}, "nvidia": {}})


def add_toolkit(host: FakeHost, version: str) -> None:
    """NVIDIA's container toolkit of this version."""
    for name in ("nvidia-ctk", "nvidia-container-runtime-hook"):
        host.programs[name] = [f"/usr/bin/{name}"]
    host.commands["nvidia-ctk --version"] = f"NVIDIA Container Toolkit CLI version {version}\ncommit: 1\n"


@dataclass(frozen=True)
class Case:
    """A host that differs from a healthy one, and what doctor must say of it.

    words must all be found in the finding, in what was found, what it causes or what mends it.
    """

    says: str
    change: Callable[[FakeHost], object]
    finding: str
    status: str
    words: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


def table(*cases: Case) -> pytest.MarkDecorator:
    """The cases as parameters whose ids read as a sentence."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.says) for case in cases])


def diagnose(host: FakeHost, variants: Variants, settings: Mapping[str, str] | None = None) -> list[Finding]:
    """What doctor finds on this host."""
    return examine(host, from_settings(CHECKOUT, variants, settings or {}))


def confirm(case: Case, host: FakeHost, variants: Variants) -> Finding:
    """Exactly one finding of this id, with this status and these words; it says what it causes."""
    case.change(host)
    found = diagnose(host, variants, case.settings)
    named = [finding for finding in found if finding.id == case.finding]
    assert len(named) == 1, [finding.id for finding in found]
    text = "\n".join([named[0].found, named[0].causes, *named[0].mend])
    assert named[0].status == case.status
    assert [word for word in case.words if word not in text] == []
    assert named[0].status == "ok" or named[0].causes
    assert named[0].status in {"ok", "info"} or named[0].mend
    return named[0]


def steps(*changes: Callable[[FakeHost], object]) -> Callable[[FakeHost], object]:
    """Several changes, one after the other."""
    return lambda host: [change(host) for change in changes]
