"""Counts the rows that cannot be used, and keeps what is wrong with the first of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finetune.data.store import Meta

KEPT = 1000
SHOWN = 20


def count_none(meta: Meta) -> None:
    """Start counting."""
    meta.update(problems=[], skipped=0)


def note_problem(meta: Meta, problem: Problem) -> None:
    """Count a bad row and keep what it says, as long as there are not too many."""
    if not meta["skipped"]:
        meta["first_problem"] = {**asdict(problem), "path": str(problem.path)}
    meta["skipped"] += 1
    if len(meta["problems"]) < KEPT:
        meta["problems"].append(str(problem))


def first_problem(meta: Meta, more: str) -> Problem:
    """Give the first bad row again, with more to do about it."""
    first: dict[str, Any] = dict(meta["first_problem"])
    return Problem(**{**first, "path": Path(first["path"]), "todo": first["todo"] + more})


def tell_skipped(problems: Sequence[str], count: int, say: Callable[[str], None]) -> None:
    """List the first of the rows that were left out, and say how many there are."""
    for problem in problems[:SHOWN]:
        say(f"skipped    {problem}")
    if count > SHOWN:
        say(f"skipped    {count:,} rows in all")
