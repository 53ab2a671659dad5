"""Put runs side by side: their metrics, their speed, and the settings in which they differ, in Markdown.

Folders that are no finished runs are left out, and named. Runs of different tasks may stand side by side.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import RunFolderError
from finetune.folder import RunFolder
from finetune.report.sections import table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXAMPLES = """examples:
  finetune compare runs/news runs/news-lr1e-4
  finetune compare runs/*"""
CONTENTS = "data contents"
DRAWN = {"drawn validation": "validation", "drawn test": "test"}
DRAWN_BY = ("seed", "validation_share", "test_share", "max_rows", "drop_shared_texts")
PLACES = {"output_dir", "save_path", "cache_dir", "overwrite_output_dir"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept run folders."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Compare and print."""
    found = {path: facts_or_error(path) for path in arguments.runs}
    errors = [one for one in found.values() if isinstance(one, RunFolderError)]
    finished = {path: one for path, one in found.items() if isinstance(one, dict)}
    if not finished:
        raise errors[0]
    for error in errors:
        say(f"left out   {error}")
    runs = list(finished.values())
    names = sorted(dict.fromkeys(name for one in runs for name in one), key=place_of)
    differing = [name for name in names if is_figure(name) or len({str(one.get(name)) for one in runs}) > 1]
    unsaid = {CONTENTS, *DRAWN}
    rows = [(name, *(shown(one.get(name)) for one in runs)) for name in differing if name not in unsaid]
    print(table(("", *heads(list(finished))), rows))  # noqa: T201 - the answer
    drawn = [split for name, split in DRAWN.items() if name in differing]
    if CONTENTS in differing:
        say("these runs did not see the same data: their figures are no fair comparison")
    elif drawn:
        rows_of = " and ".join(drawn)
        say(
            f"the {rows_of} rows were set aside from one file, and not the same ones in each run (see "
            f"{', '.join(DRAWN_BY)}): the {rows_of} figures are no fair comparison"
        )
    return 0


def heads(paths: list[Path]) -> list[str]:
    """Name the runs by their folders, or by their paths where two folders have one name."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def facts_or_error(path: Path) -> dict[str, Any] | RunFolderError:
    """Read a run, or say why it cannot be compared: runs/* may hold other folders too."""
    try:
        return facts(path)
    except RunFolderError as error:
        return error


def facts(path: Path) -> dict[str, Any]:
    """Flatten a finished run: figures first, then settings."""
    folder = RunFolder(path)
    config, metrics = folder.read("config.json"), folder.finished()
    if config is None or metrics is None:
        found = "no config.json" if config is None else "a run that is not finished"
        raise RunFolderError(
            f"{path}: found {found}; expected the folder of a finished run; start its command again"
        )
    figures = {f"{split} {name}": value for split, group in metrics.items() for name, value in group.items()}
    settings = {name: value for group in config["settings"].values() for name, value in group.items()}
    kept = {name: value for name, value in settings.items() if name not in PLACES}
    versions = {f"{name} version": value for name, value in config["versions"].items()}
    prints = config["data"]["fingerprints"]
    how = str([settings.get(name) for name in DRAWN_BY])
    drawn = {name: how for name, split in DRAWN.items() if split in metrics and split not in prints}
    return {
        "task": config["task"],
        **figures,
        **kept,
        **versions,
        **drawn,
        CONTENTS: str(prints),
    }


def place_of(name: str) -> int:
    """Put validation figures first, then those of the test, then the training, then the settings."""
    groups = ("task", "validation ", "test ", "training ")
    return next((at for at, group in enumerate(groups) if name.startswith(group)), len(groups))


def is_figure(name: str) -> bool:
    """Tell a measured figure from a setting: figures always stand in the table."""
    return name.startswith(("validation ", "test "))


def shown(value: object) -> str:
    """Write a value: figures with four places, nothing where a run has none."""
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) and abs(value) >= 1e-3 else str(value)
