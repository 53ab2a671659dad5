"""DataLoader workers and their shared memory."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from smoke import loader
from smoke.results import FailedError
from smoke.settings import Settings

MIB = 2**20
SMALL = """
mount -t tmpfs -o size=64m tmpfs /dev/shm || exit 77
exec "$@"
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


class Dying:
    """A DataLoader whose worker dies with a message."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, *_arguments: object, **_options: object) -> "Dying":
        return self

    def __iter__(self) -> Iterator[torch.Tensor]:
        raise RuntimeError(self.message)


def enough() -> bool:
    return shutil.disk_usage("/dev/shm").free >= loader.NEEDED  # noqa: S108 - the folder under test


@pytest.mark.skipif(not enough(), reason="this machine's own /dev/shm is too small")
def test_more_than_64_mib_pass_through_the_workers(cpu: Settings) -> None:
    seen = loader.check(cpu)
    assert seen.data["in_flight_bytes"] == 128 * MIB


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        pytest.param(Usage(64 * MIB, 0, 64 * MIB), "is 64 MiB with 64 MiB free", id="Docker's default"),
        pytest.param(Usage(512 * MIB, 480 * MIB, 32 * MIB), "is 512 MiB with 32 MiB free", id="used up"),
    ],
)
def test_too_little_is_explained_before_a_worker_dies(
    cpu: Settings, monkeypatch: pytest.MonkeyPatch, usage: Usage, told: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(FailedError, match=told) as caught:
        loader.check(cpu)
    assert "shm_size" in caught.value.mend


@pytest.fixture
def no_look_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "refuse_small", lambda _folder: 0)


@pytest.mark.usefixtures("no_look_ahead")
@pytest.mark.parametrize(
    "message",
    [
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that ...",
        "DataLoader worker (pid(s) 30727) exited unexpectedly",
        "DataLoader timed out after 60 seconds",
        "unable to write to file </torch_7_1>: No space left on device (28)",
    ],
)
def test_a_worker_that_dies_of_it_is_explained(
    cpu: Settings, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    monkeypatch.setattr(loader, "DataLoader", Dying(message))
    with pytest.raises(FailedError, match="for want of shared memory") as caught:
        loader.check(cpu)
    assert "shm_size" in caught.value.mend


@pytest.mark.usefixtures("no_look_ahead")
def test_another_error_stays_itself(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "DataLoader", Dying("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        loader.check(cpu)


@pytest.mark.usefixtures("no_look_ahead")
def test_changed_contents_are_seen(cpu: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_batches", lambda: [torch.full((4,), 1.0), torch.zeros(4)])
    with pytest.raises(FailedError, match="batch 1 arrived with other contents"):
        loader.check(cpu)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare here")
def test_a_real_64_mib_dev_shm_is_explained(tmp_path: Path, package_folder: Path) -> None:
    record = tmp_path / "variant.json"
    fields: dict[str, object] = {
        "variant": "cpu",
        "torch": "",
        "cuda": None,
        "cudnn": None,
        "gpu_architectures": [],
    }
    record.write_text(json.dumps(fields))
    smoke = [sys.executable, "-m", "smoke", "--only", "dataloader", "--variant-record", str(record)]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", SMALL, "sh", *smoke],
        env=os.environ | {"PYTHONPATH": str(package_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 1
    assert "shm is 64 MiB" in json.loads(done.stdout)["detail"]
