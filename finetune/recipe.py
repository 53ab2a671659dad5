"""What the scripts in scripts/ share: defaults under what the user gave, --demo, --help, missing data."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.arguments import with_hyphens
from finetune.cli import dispatch, guarded, verb_parser
from finetune.errors import RequestError
from finetune.settings_file import from_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from finetune.demo import Demo

NAMES_DATA = {"data", "train_file"}
HELP = {"-h", "--help"}
DEMO = "--demo"
BRACKETS = "What stands in brackets is what this script sets, or else the default of `finetune {}`."
FOR_ONE_ENCODER = "\nThese suit its own encoder, and do not hold where you name another: {}"


@dataclass(frozen=True)
class Script:
    """One script: which verb it runs, on which data, with which options where the user gives none.

    The data lies in data/raw/<data>; files says which files belong there and what they hold. The options are
    written as on a command line ("--epochs 3 --multi-label"). encoder names one, with the options that suit
    it alone: they do not hold for an encoder that the user names. write_demo writes small data and an
    encoder into a folder; demo holds the options that suit those two.
    The run goes to runs/<name>, the model to models/final/<name>. about is what --help begins with.
    """

    about: str | None
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
        if HELP & set(given):
            show_help(script)
        words, below = arguments(script, given, workspace())
        return dispatch([script.verb, *words], below)

    return guarded(work)


def show_help(script: Script) -> None:
    """Print the script's own text and the verb's options with this script's defaults, and end."""
    place, parser = workspace(), verb_parser(script.verb)
    out = places(place / "runs" / script.name, place / "models" / "final" / script.name)
    layers = [[*out, "--data", str(usual_folder(script, place))], shlex.split(script.defaults)]
    for layer in (*layers, shlex.split(script.encoder)):
        parser.tell_defaults(vars(parser.parse_args(layer)))
    parser.add_argument(
        DEMO, action="store_true", help=f"train on small data of our own, no network ({script.demo})"
    )
    parser.prog = f"python {sys.argv[0]}"
    parser.usage, parser.description = f"{parser.prog} [options]", script.about
    parser.epilog = BRACKETS.format(script.verb)
    for options in script.encoder.split(maxsplit=2)[2:]:
        parser.epilog += FOR_ONE_ENCODER.format(options)
    parser.parse_args(["--help"])


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
    if names_data(script, given):
        return []
    folder = usual_folder(script, place)
    if not folder.is_dir():
        raise RequestError(missing(script, folder))
    return ["--data", str(folder)]


def usual_folder(script: Script, place: Path) -> Path:
    """Name the folder in which this script looks for data."""
    return place / "data" / "raw" / script.data


def names_data(script: Script, given: Sequence[str]) -> bool:
    """Tell whether the command line names data, or the YAML file that it names."""
    from finetune.commands.training import KINDS  # noqa: PLC0415 - a verb is loaded when it is asked for

    found = vars(verb_parser(script.verb).parse_args(with_hyphens(given)))
    config = found.get("config")
    return bool(NAMES_DATA & {*found, *(from_yaml(config, KINDS) if config else ())})


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
