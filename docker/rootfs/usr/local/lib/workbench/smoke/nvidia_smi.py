"""nvidia-smi: is it there, does it run, which GPUs does it see."""

import shutil
import subprocess

from .results import FailedError, Seen, SkippedError
from .settings import Settings

COLUMNS = ("index", "name", "driver_version", "memory.total", "uuid")
QUERY = ["nvidia-smi", f"--query-gpu={','.join(COLUMNS)}", "--format=csv,noheader,nounits"]

MISSING_MEND = (
    "The NVIDIA container toolkit puts nvidia-smi into a container that reserves a GPU: `make doctor` on the "
    "host says whether it is installed and configured, `make up` adds the gpu overlay"
)
OTHER_MEND = "Run nvidia-smi on the host: if it fails there too, mend the driver first; then `make doctor`"
KNOWN = {
    "Unknown Error": (
        "The container lost its GPU, as happens after `systemctl daemon-reload` on the host: "
        "`make down && make up`; `make doctor` tells how to end it for good"
    ),
    "version mismatch": "The host's driver was updated under its loaded kernel module: restart the host",
    "couldn't communicate": "The host has not loaded the kernel module: `sudo modprobe nvidia`, or restart",
    "No devices were found": "The driver runs but sees no GPU: look at `dmesg | grep -i nvidia` on the host",
}


def check(settings: Settings) -> Seen:
    """Run nvidia-smi and list the GPUs that it sees."""
    if not settings.record.wants_gpu:
        raise SkippedError("the cpu variant has no GPU", allowed=True)
    if shutil.which(QUERY[0]) is None:
        raise FailedError("nvidia-smi is not in this container", MISSING_MEND)
    seen = _parse(_query())
    names = ", ".join(f"{gpu['name']} ({gpu['memory.total']} MiB)" for gpu in seen)
    return Seen(f"driver {seen[0]['driver_version']}, {len(seen)} GPU: {names}", {"gpus": seen})


def _query() -> str:
    done = subprocess.run(QUERY, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    if done.returncode or not done.stdout.strip():
        raise FailedError(f"nvidia-smi ended with {done.returncode}: {_last_line(said)}", _mend(said))
    return done.stdout


def _parse(text: str) -> list[dict[str, str]]:
    rows = [[cell.strip() for cell in line.split(",")] for line in text.strip().splitlines()]
    odd = [row for row in rows if len(row) != len(COLUMNS)]
    if odd:
        found = ", ".join(odd[0])
        raise FailedError(f"nvidia-smi said {found!r}, expected {', '.join(COLUMNS)}", _mend(found))
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def _mend(said: str) -> str:
    return next((mend for symptom, mend in KNOWN.items() if symptom in said), OTHER_MEND)


def _last_line(text: str) -> str:
    return text.splitlines()[-1] if text else "it said nothing"
