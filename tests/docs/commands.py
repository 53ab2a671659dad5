"""Finds the commands that the documentation and the heads of the scripts tell a reader to type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks" / "README.md"])
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
PROGRAMS = "make|finetune|python3?|docker|git|ssh|sudo|uv|pip|apt-get"
INLINE = re.compile(rf"`((?:{PROGRAMS}) [^`]+)`")
TYPED = re.compile(rf"^  +(?:cat \S+ \| )?(?:{PROGRAMS})\s.*")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command and the page it stands on."""

    page: str
    text: str


def on_page(path: Path) -> list[Command]:
    """Take the lines of bash blocks, indented commands of text blocks, inline code that begins so."""
    text, found = path.read_text(encoding="utf-8"), []
    for language, body in FENCE.findall(text):
        lines = [line for line in body.splitlines() if line.strip()]
        found += [line.strip() for line in lines if language in {"bash", "sh"} or TYPED.match(line)]
    found += INLINE.findall(FENCE.sub("", text))
    return [Command(str(path.relative_to(ROOT)), bare(line)) for line in dict.fromkeys(found)]


def in_script(path: Path) -> list[Command]:
    """Take the commands of a script's head: the lines that call it."""
    head = path.read_text(encoding="utf-8").split('"""')[1]
    lines = [line.strip() for line in head.splitlines() if line.strip().startswith("python scripts/")]
    return [Command(f"scripts/{path.name}", bare(line)) for line in lines]


def bare(line: str) -> str:
    """Take the remark off: "make up  # starts it" is "make up"."""
    return re.sub(r"\s+#\s.*$", "", line).strip()


def all_commands() -> list[Command]:
    """Collect each command once."""
    pages = [one for path in PAGES for one in on_page(path)]
    heads = [one for path in SCRIPTS for one in in_script(path)]
    return list({one.text: one for one in [*pages, *heads]}.values())
