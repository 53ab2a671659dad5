"""The project's version stands in three files, none of which can read another."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PLACES = {
    "pyproject.toml": "version = ",
    "finetune/__init__.py": "__version__ = ",
    "docker/Dockerfile": "ARG VERSION=",
}


def test_the_version_is_the_same_wherever_it_stands() -> None:
    texts = {name: (REPOSITORY / name).read_text(encoding="utf-8") for name in PLACES}
    found = [re.findall(rf'^{PLACES[name]}"?([\d.]+)', text, re.MULTILINE) for name, text in texts.items()]
    assert found == [found[0]] * 3
    assert len(found[0]) == 1
