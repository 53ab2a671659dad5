"""Looks for words in the layers of an image, also in files that a later layer deleted or replaced."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.image.build import layers
from tests.image.engine import Image, docker

if TYPE_CHECKING:
    from pathlib import Path


def top_layers(image: Image, below: Image) -> list[str]:
    """The engine's folders of the layers that `image` adds to `below`, the newest first."""
    data = (image.inspect().get("GraphDriver") or {}).get("Data") or {}
    if "UpperDir" not in data:
        pytest.skip("this engine does not keep an image's layers as folders")
    folders = [data["UpperDir"], *data["LowerDir"].split(":")]
    return folders[: len(layers(image)) - len(layers(below))]


def in_layers(image: Image, below: Image, script: str, *options: str) -> list[str]:
    """What a shell script prints that sees these layers under /layers, and nothing else of the host."""
    mounts = [f"--volume={folder}:/layers/{n}:ro" for n, folder in enumerate(top_layers(image, below))]
    flags = ["--rm", "--network=none", "--user=0", "--entrypoint=sh", *options]
    return docker("run", *flags, *mounts, image.reference, "-c", script).splitlines()


def holding(image: Image, below: Image, words: list[str], folder: Path) -> list[str]:
    """Files in these layers that hold one of the words."""
    patterns = folder / "patterns"
    patterns.write_text("".join(f"{word}\n" for word in words))
    mount = f"--volume={patterns}:/patterns:ro"
    return in_layers(image, below, "grep -rlaF -f /patterns /layers || test $? = 1", mount)


def named(image: Image, below: Image, patterns: tuple[str, ...]) -> list[str]:
    """Files in these layers whose path is like one of the patterns."""
    either = " -o ".join(f"-path {shlex.quote(pattern)}" for pattern in patterns)
    return in_layers(image, below, f"find /layers -type f \\( {either} \\)")
