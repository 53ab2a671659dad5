"""What the scripts under scripts/ have in common: defaults under what the user gave, --demo, missing data."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.cli import dispatch, guarded
from finetune.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from finetune.demo import Demo

NAMES_DATA = ("--data", "--train-file", "--train_file", "--config", "--help", "-h")
DEMO = "--demo"


@dataclass(frozen=True)
class Script:
    """One script: which verb it runs, on which data, with which options where the user gives none.

    The data lies in data/raw/<data>; files says which files belong there and what they hold. The options are
    written as on a command line ("--epochs 3 --multi-label"). encoder names one, with the options that suit
    it alone: they do not hold for an encoder that the user names. write_demo writes small data and an
    encoder into a folder; demo holds the options that suit those two.
    The run goes to runs/<name>, the model to models/final/<name>.
    """

    name: str
    verb: str
    data: str
    files: Mapping[str, str]
    defaults: str
    encoder: str
    demo: str
    write_demo: Callable[[Path], Demo]


def run(script: Script, given: Sequence[str]) -> int:
    """Complete the arguments and train; returns the exit code."""

    def work() -> int:
        words, below = arguments(script, given, workspace())
        return dispatch([script.verb, *words], below)

    return guarded(work)


def workspace() -> Path:
    """Find data/, models/ and runs/: in the container, else in the checkout."""
    inside = Path("/workspace")
    return inside if (inside / "data").is_dir() else Path(__file__).resolve().parents[1] / "workspace"


def arguments(script: Script, given: Sequence[str], place: Path) -> tuple[list[str], list[list[str]]]:
    """Return what is asked for, and the layers of options below it and below the user's YAML file."""
    defaults, encoder = shlex.split(script.defaults), shlex.split(script.encoder)
    if DEMO not in given:
        out = places(place / "runs" / script.name, place / "models" / "final" / script.name)
        return [*usual_data(script, given, place), *given], [out, defaults, encoder]
    demo = script.write_demo(place / "data" / f"demo-{script.name}")
    out = places(place / "runs" / f"{script.name}-demo", place / "models" / f"demo-{script.name}")
    words = ["--data", str(demo.data), *(one for one in given if one != DEMO)]
    return words, [out, ["--encoder", str(demo.encoder), *shlex.split(script.demo)], defaults, encoder]


def places(run_folder: Path, model: Path) -> list[str]:
    """Say where the run and the finished model go."""
    return ["--output-dir", str(run_folder), "--save-path", str(model)]


def usual_data(script: Script, given: Sequence[str], place: Path) -> list[str]:
    """Name the data folder of this script, unless the user named data; one that is not there is explained."""
    if any(one.startswith(NAMES_DATA) for one in given):
        return []
    folder = place / "data" / "raw" / script.data
    if not folder.is_dir():
        raise RequestError(missing(script, folder))
    return ["--data", str(folder)]


def missing(script: Script, folder: Path) -> str:
    """Say which files belong into the folder, and what to do without them."""
    width = max(len(name) for name in script.files)
    lines = [f"  {folder}/{name:<{width}}  {holds}" for name, holds in script.files.items()]
    return "\n".join(
        [
            f"there is no data at {folder}. Put these there:",
            *lines,
            "or name another folder with --data FOLDER, or see a run on small data of our own with --demo",
        ]
    )
