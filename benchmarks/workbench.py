"""Times the workbench as a person meets it: first start, no-op, restart, rebuilds; sizes and memory.

    git clone . /tmp/fresh && cd /tmp/fresh && python3 benchmarks/workbench.py

The first figure depends on what the machine already had; the record says what that was. What is changed in
the checkout is put back.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
LIBRARY = CHECKOUT / "finetune" / "__init__.py"
EXTRA = CHECKOUT / "docker" / "requirements" / "extra.in"
AIMS = {
    "first_start": 480.0,
    "image_present_to_healthy": 15.0,
    "no_op": 3.0,
    "after_touching_a_recipe": 10.0,
    "after_touching_the_library": 10.0,
    "after_adding_a_package": 60.0,
}


def timed(*commands: str) -> float:
    """Seconds that these commands take, one after the other, all of which must succeed."""
    began = time.monotonic()
    for command in commands:
        subprocess.run(command.split(), cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - began, 1)


def said(*argv: str) -> str:
    """What a command prints; empty where it fails."""
    answer = subprocess.run(argv, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def with_line(path: Path, line: str, *commands: str) -> float:
    """Time commands while `path` has one more line."""
    before = path.read_text()
    try:
        path.write_text(before + line)
        return timed(*commands)
    finally:
        path.write_text(before)


def had() -> dict[str, bool]:
    """What the machine had before the first start."""
    images = said("docker", "images", "--format", "{{.Repository}}")
    return {"engine": bool(said("docker", "version")), "base": "nlp-workbench-base" in images}


def layers(image: str) -> list[dict[str, str]]:
    """Size by layer, the last one first."""
    rows = said("docker", "history", "--format", "{{.Size}}\t{{.CreatedBy}}", image).splitlines()
    pairs = (row.partition("\t") for row in rows)
    return [{"size": size, "made_by": made[:90]} for size, _, made in pairs if size != "0B"]


def sizes(image: str) -> dict[str, Any]:
    """Bytes of the image, of its base, and between them."""
    label = '{{index .Config.Labels "org.opencontainers.image.base.name"}}'
    base = said("docker", "inspect", "-f", label, image)
    whole, below = (int(said("docker", "image", "inspect", "-f", "{{.Size}}", one)) for one in (image, base))
    return {
        "image_bytes": whole,
        "base_bytes": below,
        "above_base_bytes": whole - below,
        "layers": layers(image),
    }


def memory() -> dict[str, str]:
    """Memory of the idle stack, by container."""
    ids = said("docker", "compose", "ps", "--quiet").split()
    rows = said("docker", "stats", "--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}", *ids).splitlines()
    return {name: used.split(" / ")[0] for name, used in (row.split("\t") for row in rows)}


def measure() -> dict[str, Any]:
    """Every figure, in an order in which each leaves the stack as the next one wants it."""
    before = had()
    seconds = {"first_start": timed("make up"), "no_op": timed("make up")}
    subprocess.run(["make", "down"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    seconds["image_present_to_healthy"] = timed("make up")
    recipe = CHECKOUT / "scripts" / "train_news.py"
    seconds["after_touching_a_recipe"] = with_line(recipe, "# touched\n", "make up")
    seconds["after_touching_the_library"] = with_line(LIBRARY, "# touched\n", "make up")
    lock = EXTRA.with_suffix(".txt")
    locked = lock.read_text()
    try:
        seconds["after_adding_a_package"] = with_line(EXTRA, "einops\n", "make lock", "make up")
    finally:
        lock.write_text(locked)
    timed("make up")
    time.sleep(20)
    image = json.loads(said("env", "FORMAT=json", "make", "--silent", "status"))["image"]
    found = {"had_before": before, "seconds": seconds, "aims": AIMS}
    return {**found, "sizes": sizes(image), "idle_memory": memory()}


def main() -> int:
    """Measure, print, and write the record."""
    parser = argparse.ArgumentParser(description="Time the workbench, in this checkout.")
    parser.add_argument("--output", type=Path, help="where to write the record (JSON)")
    output = parser.parse_args().output
    found = measure()
    record = {
        "benchmark": "workbench",
        "date": time.strftime("%Y-%m-%d"),
        "command": "python3 benchmarks/workbench.py",
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "engine": said("docker", "version", "--format", "{{.Server.Version}}"),
        **found,
    }
    text = json.dumps(record, indent=2) + "\n"
    if output:
        output.write_text(text)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
