"""The run folder: what is in it, and whether it may be resumed."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import RunFolderError, shorten
from finetune.writing import unusable, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finetune.options import Settings

EXPORTS = "exports"  # where finetune export writes inside a run or model, if not told otherwise
PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "pyarrow")
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
        return self.path / "model"

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
        write_text(self.path / name, json.dumps(contents, ensure_ascii=False, indent=2, default=str) + "\n")

    def finished(self) -> dict[str, Any] | None:
        """Return the metrics of a run that came to its end."""
        return self.read("metrics.json") if self.model.is_dir() else None


def default_folder(task: str, settings: Settings) -> Path:
    """Name a run by what it does, runs/classify-thucnews-chinese-small; a run's model is named as the run."""
    data = settings.data.data or settings.data.train_file or Path("data")
    encoder = Path(settings.model.model_name_or_path)
    name = encoder.parent.name if encoder.name == "model" else encoder.name
    return Path("runs") / f"{task}-{data.name.split('.')[0] or data.resolve().name}-{name}"


def describe(task: str, settings: Settings, data: dict[str, Any], processes: int) -> dict[str, Any]:
    """Collect what config.json says: every setting, the versions, the data's fingerprints."""
    return {
        "task": task,
        "settings": asdict(settings),
        "processes": processes,
        "data": data,
        "versions": package_versions(),
        "machine": machine(),
    }


def package_versions() -> dict[str, str]:
    """Name the versions that decide a result."""
    return {**{name: metadata.version(name) for name in PACKAGES}, "python": platform.python_version()}


def machine() -> dict[str, Any]:
    """Describe the computer, as far as it matters for speed and for equal bits."""
    import torch  # noqa: PLC0415 - naming a run must not wait for it

    gpus = (
        [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
        if torch.cuda.is_available()
        else []
    )
    cores = len(os.sched_getaffinity(0))
    return {"cpu": cpu_name(), "cores": cores, "threads": torch.get_num_threads(), "gpus": gpus}


def cpu_name() -> str:
    """Read the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def open_run(path: Path, config: dict[str, Any], *, overwrite: bool) -> RunFolder:
    """Make the folder, or check that what is in it is this very run."""
    folder = RunFolder(path)
    if overwrite:
        with claimed(path):
            clear(folder)
    config = json.loads(json.dumps(config, default=str))
    earlier = folder.read("config.json")
    if earlier is None:
        if path.is_dir() and any(path.iterdir()):
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
                "repeat the earlier settings to resume, or pass --overwrite to delete that run"
            )
    folder.write("config.json", config)
    return folder


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep every other process from training in a folder; the kernel ends it with the process."""
    if not path.is_dir():
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise RunFolderError(
            f"{path}: another process trains there; wait for it, or give --output-dir another folder"
        ) from None
    except OSError:  # a file system without locks
        pass
    try:
        yield
    finally:
        os.close(handle)


def clear(folder: RunFolder) -> None:
    """Delete a run, and only a run: a folder without its config.json is left alone."""
    if folder.read("config.json") is not None:
        shutil.rmtree(folder.path)


def differences(earlier: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name what differs between two runs, of what decides the result."""
    was, wanted = decisive(earlier), decisive(now)
    changed = [key for key in sorted({*was, *wanted}) if was.get(key) != wanted.get(key)]
    return [f"{key} was {shorten(was.get(key))}, is {shorten(wanted.get(key))}" for key in changed]


def decisive(config: dict[str, Any]) -> dict[str, Any]:
    """Flatten the settings that decide the result."""
    settings = {name: value for group in config["settings"].values() for name, value in group.items()}
    kept = {name: value for name, value in settings.items() if name not in FREE_TO_CHANGE}
    kept["processes"] = config.get("processes", 1)  # each adds its texts to every step
    return {**kept, "task": config["task"], "data contents": config["data"]["fingerprints"]}
