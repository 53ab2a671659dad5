"""The run folder: what is in it, and whether it may be resumed."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import RunFolderError
from finetune.layout import MODEL
from finetune.machine import machine, package_versions
from finetune.wording import shorten
from finetune.writing import locked, unusable, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finetune.options import Settings
    from finetune.tasks.base import Prepared

FREE_TO_CHANGE = {
    "cache_dir", "overwrite_output_dir", "save_total_limit", "logging_steps", "save_path", "output_dir",
    "save_steps", "gpu_id", "gpus", "nodes",
}  # fmt: skip


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """Where the finished model lies, in the Hugging Face format."""
        return self.path / MODEL

    def read(self, name: str) -> dict[str, Any] | None:
        """Read one of the JSON files; None if it is not there."""
        try:
            found: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            raise RunFolderError(
                f"{self.path / name}: found broken JSON ({error}); pass --overwrite to start anew"
            ) from None
        return found

    def write(self, name: str, contents: dict[str, Any]) -> None:
        """Write one of the JSON files."""
        write_json(self.path / name, contents)

    def finished(self) -> dict[str, Any] | None:
        """Return the metrics of a run that came to its end; broken ones are measured again."""
        try:
            return self.read("metrics.json") if self.model.is_dir() else None
        except RunFolderError:
            return None


def default_folder(task: str, settings: Settings) -> Path:
    """Name a run by what it does, runs/classify-thucnews-chinese-small; a run's model is named as the run."""
    data = settings.data.data or settings.data.train_file or Path("data")
    encoder = Path(settings.model.model_name_or_path)
    name = encoder.parent.name if encoder.name == MODEL else encoder.name
    return Path("runs") / f"{task}-{data.name.split('.')[0] or data.resolve().name}-{name}"


def describe(settings: Settings, ready: Prepared, processes: int) -> dict[str, Any]:
    """Collect what config.json says: every setting, the versions, the fingerprints of data and encoder."""
    return {
        "task": ready.task.name,
        "settings": asdict(settings),
        "processes": processes,
        "data": {
            "fingerprints": ready.corpus.fingerprints,
            "rows": {name: one.texts for name, one in ready.encoded.items()},
            "labels": list(ready.task.labels.names),
        },
        "encoder": ready.encoder_prints,
        "versions": package_versions(),
        "machine": machine(),
    }


def open_run(path: Path, config: dict[str, Any], say: Callable[[str], None], *, overwrite: bool) -> RunFolder:
    """Make the folder, or check that what is in it is this very run."""
    folder = RunFolder(path)
    if overwrite:
        with claimed(path):
            clear(folder)
    config = json.loads(json.dumps(config, default=str))
    earlier = folder.read("config.json")
    if earlier is None:
        if path.is_dir() and any(not one.name.startswith(".config.json.") for one in path.iterdir()):
            raise RunFolderError(
                f"{path}: found files, but no config.json of a run; give --output-dir an empty or new folder"
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable("--output-dir", path, error) from None
    else:
        differing = "; ".join(differences(earlier, config))
        if differing:
            raise RunFolderError(
                f"{path} holds a run with other settings: {differing}; give --output-dir another folder, "
                "go back to what it began with to resume it, or pass --overwrite to delete it"
            )
        config["encoder"] = earlier.get("encoder")  # where none was noted, nobody knows that it is this one
    if folder.finished() is None:
        moved = "; ".join(other_place(earlier or {}, config))
        if moved:
            what = "this run began under other conditions, so its result may differ in the last bits"
            say(f"warning    {what}: {moved}")
        folder.write("config.json", config)
    return folder


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep every other process from training in a folder; the kernel ends it with the process."""
    if not path.is_dir():
        yield
        return
    with ExitStack() as held:
        try:
            held.enter_context(locked(path))
        except BlockingIOError:
            raise RunFolderError(
                f"{path}: another process trains there; wait for it, or give --output-dir another folder"
            ) from None
        yield


def clear(folder: RunFolder) -> None:
    """Delete a run, and only a run: a folder without its config.json is left alone."""
    if (folder.path / "config.json").is_file():
        shutil.rmtree(folder.path)


def differences(earlier: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name what differs between two runs, of what decides the result."""
    was, wanted = decisive(earlier), decisive(now)
    name = wanted.get("model_name_or_path", "")
    return [
        *changes(was, wanted),
        *other_labels(earlier["data"]["labels"], now["data"]["labels"]),
        *other_encoder(name, earlier.get("encoder"), now["encoder"]),
    ]


def changes(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name the values that differ."""
    changed = [key for key in sorted({*was, *now}) if was.get(key) != now.get(key)]
    return [f"{key} was {shorten(was.get(key))}, is {shorten(now.get(key))}" for key in changed]


def other_place(earlier: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name the versions and parts of the computer that a run, if it noted any, did not begin with."""
    return [
        line
        for part in ("versions", "machine")
        if part in earlier
        for line in changes(earlier[part], now[part])
    ]


def other_encoder(name: str, was: dict[str, str] | None, now: dict[str, str]) -> list[str]:
    """Say that a run began with another encoder; one that noted none may have begun with any."""
    changed = [part for part, found in now.items() if was and was.get(part) != found]
    what = f"the encoder {name} is another one than this run began with (what differs: {', '.join(changed)})"
    return [what] if changed else []


def other_labels(was: list[str], now: list[str]) -> list[str]:
    """Name the first label that differs: what a model learned for a number would mean another one."""
    for number, (one, other) in enumerate(zip_longest(was, now)):
        if one != other:
            return [f"label {number} was {shorten(one)}, is {shorten(other)}"]
    return []


def decisive(config: dict[str, Any]) -> dict[str, Any]:
    """Flatten the settings that decide the result."""
    settings = {name: value for group in config["settings"].values() for name, value in group.items()}
    kept = {name: value for name, value in settings.items() if name not in FREE_TO_CHANGE}
    kept["processes"] = config.get("processes", 1)  # each adds its texts to every step
    return {**kept, "task": config["task"], "data contents": config["data"]["fingerprints"]}
