"""The umask of whoever cloned decides nothing in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.build import copy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.engine import Image

COPIED = {"docker/rootfs": "", "finetune": "/opt/workbench/finetune"}


def clone_under(umask: int, top: Path) -> None:
    """The modes that git gives to files and folders."""
    for path in [top, *top.rglob("*")]:
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod((0o777 if executable else 0o666) & ~umask)


@pytest.mark.parametrize("umask", [0o002, 0o077], ids=["open to the group", "closed to all others"])
def test_what_is_copied_is_everybodys_to_read_and_roots_to_write(
    umask: int, image: Image, tag: str, tmp_path: Path
) -> None:
    context = copy(tmp_path, image)
    for place in COPIED:
        clone_under(umask, context.folder / place)
    targets = [
        f"{target}/{path.relative_to(context.folder / place)}"
        for place, target in COPIED.items()
        for path in [context.folder / place, *(context.folder / place).rglob("*")]
    ]
    modes = context.build(tag).run("stat", "--format=%U %a", *targets).splitlines()
    assert (set(modes), len(modes)) == ({"root 755"}, len(targets))
