"""Stands in for NVIDIA's hook of the same name: the engine calls it before a container with GPUs starts.

The engine gives the container's state on standard input. What was asked for is written to the file named by
$WIRING_LOG, and an `nvidia-smi` that tells the same is laid into the container.
"""

import json
import os
import sys
from pathlib import Path

SMI = "#!/bin/sh\necho devices {devices}\n"


def main() -> None:
    """Read what the engine says, note it, and place the program."""
    bundle = Path(json.load(sys.stdin)["bundle"])
    config = json.loads((bundle / "config.json").read_text())
    environment = dict(pair.split("=", 1) for pair in config["process"]["env"])
    devices = environment["NVIDIA_VISIBLE_DEVICES"]
    with Path(os.environ["WIRING_LOG"]).open("a") as log:
        log.write(devices + "\n")
    program = Path(bundle, config["root"]["path"]) / "bin" / "nvidia-smi"
    program.write_text(SMI.format(devices=devices))
    program.chmod(0o755)


if __name__ == "__main__":
    main()
