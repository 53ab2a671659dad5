"""Copies the finished model to --save-path, where nothing else may be lost by it."""

from __future__ import annotations

import filecmp
import shutil
from typing import TYPE_CHECKING

from finetune.errors import RequestError
from finetune.layout import EXPORTS, FACTS
from finetune.writing import refuse_other_files, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.folder import RunFolder


def check_target(target: Path | None, run: Path) -> None:
    """Refuse, before anything is trained, to replace a run, an encoder, an export, or other files."""
    if target is None:
        return
    if target.resolve() == run.resolve():
        raise RequestError(f"--save-path and --output-dir are both {run}; give the copy a folder of its own")
    refuse_other_files(target, "--save-path", "config.json", FACTS)


def deliver(folder: RunFolder, target: Path | None, say: Callable[[str], None]) -> None:
    """Copy the model; exports of an earlier model there are kept."""
    say(f"model      {folder.model}")
    if target is None:
        return
    if same_model(folder.model, target):
        say(f"copied to  {target} (it is there already)")
        return
    check_target(target, folder.path)  # again: a run takes hours
    exports = target / EXPORTS

    def fill(work: Path) -> None:
        shutil.copytree(folder.model, work, dirs_exist_ok=True)
        if exports.is_dir():
            shutil.copytree(exports, work / EXPORTS)
            say(f"warning    {exports} holds exports of the model that was there before; export again")

    write_folder(target, fill)
    say(f"copied to  {target}")


def same_model(one: Path, other: Path) -> bool:
    """Tell whether the files of a model lie in another folder too."""
    names = [path.name for path in one.iterdir() if path.is_file()]
    return not any(filecmp.cmpfiles(one, other, names, shallow=False)[1:])
