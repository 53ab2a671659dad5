"""A disk that fills up while a model is trained: one error, nothing lost, and with room it goes on."""

from __future__ import annotations

import json

from tests.image.engine import REPOSITORY, Image

MEGABYTES = 64
# runs inside: without trouble, then on a disk with room for a checkpoint and a half, then with room again
CODE = """
import json, os, subprocess, sys
from pathlib import Path

def train(name):
    command = [sys.executable, "scripts/train_news.py", "--demo", "--gpu-id", "-1", "--deterministic"]
    command += ["--output-dir", f"/small/{name}", "--cache-dir", "/tmp/cache"]
    return subprocess.run(command, capture_output=True, text=True)

def held(name):
    return sorted(one.name for one in Path(f"/small/{name}/checkpoints").iterdir())

calm = train("calm")
weights = Path("/small/calm/model/model.safetensors").read_bytes()
first = Path("/small/calm/checkpoints", held("calm")[-1])
size = sum(one.stat().st_size for one in first.iterdir())
room = os.statvfs("/small")
filler = Path("/small/filler")
filler.write_bytes(bytes(room.f_bavail * room.f_frsize - size * 3 // 2 - (1 << 19)))
full = train("run")
kept = held("run")
filler.unlink()
again = train("run")
same = Path("/small/run/model/model.safetensors").read_bytes() == weights
print(json.dumps({"codes": [calm.returncode, full.returncode, again.returncode], "kept": kept,
                  "said": full.stderr, "resumed": again.stderr, "same": same}))
"""


def test_a_full_disk_ends_a_run_with_one_error_and_with_room_it_ends_as_if_nothing_had_been(
    image: Image,
) -> None:
    disk = f"--tmpfs=/small:size={MEGABYTES}m,mode=1777"
    checkout = (f"--volume={REPOSITORY}:/checkout:ro", "--workdir=/checkout", "--env=PYTHONPATH=/checkout")
    found = json.loads(image.run("python", "-", options=(disk, *checkout), text=CODE))
    assert found["codes"] == [0, 1, 0], found["said"]
    assert found["said"].count("cannot be written") == 1
    assert "No space left on device" in found["said"]
    assert "Traceback" not in found["said"]
    assert len(found["kept"]) == 1
    assert f"resuming at step {int(found['kept'][0].removeprefix('step-'))} of" in found["resumed"]
    assert found["same"]
