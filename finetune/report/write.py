"""Writes report.md and its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetune.folder import write_text
from finetune.report.pictures import draw_curves
from finetune.report.sections import Section, table
from finetune.training.progress import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.folder import RunFolder
    from finetune.training.checkpoint import State


@dataclass(frozen=True)
class Findings:
    """What a report is written from."""

    metrics: dict[str, Any]
    sections: list[Section]
    judged: str
    state: State
    metric: str
    config: dict[str, Any]


def write_report(folder: RunFolder, found: Findings) -> None:
    """Write the pictures, then the page that shows them."""
    (folder.path / "pictures").mkdir(exist_ok=True)
    sections = [*head(found), *found.sections, Section("settings", "Settings", settings_table(found.config))]
    parts = [f"# {folder.path.resolve().name}", summary(found), *section_parts(sections, folder.path)]
    write_text(folder.path / "report.md", "\n\n".join(part for part in parts if part) + "\n")


def section_parts(sections: list[Section], folder: Path) -> list[str]:
    """Draw the pictures of the sections and write their Markdown."""
    parts = []
    for one in sections:
        shown = picture(one, one.draw, folder / "pictures") if one.draw else ""
        parts += [f"## {one.title}", one.text, shown]
    return parts


def picture(section: Section, draw: Callable[[Path], None], folder: Path) -> str:
    """Draw and link one picture."""
    draw(folder / f"{section.slug}.png")
    return f"![{section.title}](pictures/{section.slug}.png)"


def summary(found: Findings) -> str:
    """Say in a few lines what was trained and what came out."""
    settings, data, training = found.config["settings"], found.config["data"], found.metrics["training"]
    rows = ", ".join(f"{count:,} for {name}" for name, count in data["rows"].items())
    speed = f"{training['texts_per_second']:,.0f} texts a second"
    took = f"{training['steps']:,} steps in {clock(training['seconds'])} on {training['device']}, {speed}"
    lines = [
        f"- Encoder: `{settings['model']['model_name_or_path']}`",
        f"- Task: {found.config['task']}; {len(data['labels'])} labels; {rows}",
        f"- {took}; best checkpoint: step {training['best_step']}",
    ]
    return "\n".join(lines)


def head(found: Findings) -> list[Section]:
    """Report what every task has: the metrics of each split and the curves."""
    splits = [name for name in ("validation", "test") if name in found.metrics]
    names = list(found.metrics[splits[-1]])
    rows = [(name, *(float(found.metrics[split][name]) for split in splits)) for name in names]
    results = Section("results", "Results", table(("metric", *splits), rows))
    note = f"What follows the curves was measured on the {found.judged} rows."
    return [
        results,
        Section("curves", "Training", note, lambda path: draw_curves(found.state, found.metric, path)),
    ]


def settings_table(config: dict[str, Any]) -> str:
    """List the settings that were set, the data's fingerprints and the versions."""
    chosen = {
        name: value
        for group in config["settings"].values()
        for name, value in group.items()
        if value is not None
    }
    versions = {f"{name} version": value for name, value in config["versions"].items()}
    prints = {f"{name} fingerprint": value for name, value in config["data"]["fingerprints"].items()}
    return table(
        ("setting", "value"), [(name, str(value)) for name, value in {**chosen, **prints, **versions}.items()]
    )
