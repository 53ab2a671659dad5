"""Writes report.md with its pictures, and report.html that holds all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetune.options import DataOptions, ModelOptions, TrainingOptions, foreign
from finetune.report.glossary import meaning
from finetune.report.page import write_page
from finetune.report.pictures import draw_training
from finetune.report.sections import Section, escaped, table
from finetune.wording import clock
from finetune.writing import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
    data: list[Section]


def write_report(folder: RunFolder, found: Findings) -> None:
    """Write the pictures, then report.md that shows them and report.html that holds them."""
    sections = [*head(found), *found.sections, Section("settings", "Settings", settings_table(found.config))]
    write_pages(folder.path.resolve().name, summary(found), sections, folder.path)


def write_pages(title: str, opening: str, sections: list[Section], folder: Path) -> None:
    """Write the same report twice: report.md, and report.html with everything inside."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    parts = [f"# {escaped(title)}", opening, *section_parts(sections, folder)]
    write_text(folder / "report.md", "\n\n".join(part for part in parts if part) + "\n")
    write_page(folder / "report.md")


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
    best = f"; the weights of step {training['best_step']:,} were kept" if training["best_step"] else ""
    labels = f"{len(data['labels'])} labels; " if data["labels"] else ""
    lines = [
        f"- **{headline(found)}**",
        f"- Encoder: `{settings['model']['model_name_or_path']}`",
        f"- Task: {found.config['task']}; {labels}rows: {rows}",
        f"- Training: {took}{best}",
    ]
    return "\n".join(lines)


def headline(found: Findings) -> str:
    """Say the one figure that the run is about."""
    figures = found.metrics[found.judged]
    name = found.metric if found.metric in figures else next(iter(figures))
    return escaped(f"{name} {figures[name]:.4f}") + f" on the {found.judged} rows"


def head(found: Findings) -> list[Section]:
    """Report what every task has: the metrics of each split, the curves, the labels in the data."""
    splits: dict[str, dict[str, float]] = {}
    splits |= {name: found.metrics[name] for name in ("validation", "test") if name in found.metrics}
    note = f"All that follows was measured on the {found.judged} rows."
    return [
        Section("results", "Results", results_table(splits) + "\n\n" + note),
        Section("curves", "Training", "", lambda path: draw_training(found.state, found.metric, path)),
        *found.data,
    ]


def results_table(splits: Mapping[str, Mapping[str, float]]) -> str:
    """List the metrics of each split, and what each metric means."""
    names = list(next(reversed(list(splits.values()))))
    rows = [(name, *(float(one[name]) for one in splits.values()), meaning(name)) for name in names]
    return table(("metric", *splits, "what it means"), rows)


def settings_table(config: dict[str, Any]) -> str:
    """List the settings that were set and that the task reads, the data's fingerprints and the versions."""
    unused = {
        name
        for kind in (DataOptions, ModelOptions, TrainingOptions)
        for name in foreign(kind, config["task"])
    }
    chosen = {
        name: value
        for group in config["settings"].values()
        for name, value in group.items()
        if value is not None and name not in unused
    }
    versions = {f"{name} version": value for name, value in config["versions"].items()}
    prints = {f"{name} fingerprint": value for name, value in config["data"]["fingerprints"].items()}
    return table(
        ("setting", "value"), [(name, str(value)) for name, value in {**chosen, **prints, **versions}.items()]
    )
