"""The user's own Python environment: a virtual environment on the home volume, above the image's packages.

`uv pip install X` writes here, without root, and X is still there after a restart or a rebuild. uv does not
look at packages outside the environment, so each of the image's packages is announced by a copy of its
metadata: uv takes it as installed (nothing is downloaded twice), and an upgrade by the user replaces the copy
and hides the image's package.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

ANNOUNCED = "workbench"
PIP = '#!/bin/sh\nexec {python} -m pip "$@"\n'


def prepare(folder: Path) -> None:
    """Create or refresh the environment in `folder`; costs a fraction of a second when nothing changed."""
    image = Path(sysconfig.get_path("purelib"))
    if not _runs_on_this_python(folder):
        for link in (folder / "bin").glob("python*"):
            link.unlink()  # venv would keep a link to where another base had its Python
        python = str(Path(sys.executable).resolve())
        subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = folder / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    (site / "_workbench.pth").write_text(f"import site; site.addsitedir({str(image)!r})\n")
    pip = folder / "bin" / "pip"
    if not pip.exists():
        pip.write_text(PIP.format(python=folder / "bin" / "python"))
        pip.chmod(0o755)
    announce(image, site)


def _runs_on_this_python(folder: Path) -> bool:
    python = folder / "bin" / "python"
    return python.exists() and python.resolve() == Path(sys.executable).resolve()


def announce(image: Path, site: Path) -> None:
    """Bring the announcements in `site` in line with the packages in `image`; the user's own stay."""
    offered = {_name(found): found for found in metadata.distributions(path=[str(image)])}
    for present in metadata.distributions(path=[str(site)]):
        name = _name(present)
        if present.read_text("INSTALLER") != ANNOUNCED:
            offered.pop(name, None)
        elif name in offered and offered[name].version == present.version:
            offered.pop(name)
        else:
            shutil.rmtree(_folder(present))
    for distribution in offered.values():
        _announce_one(_folder(distribution), site)


def _name(distribution: metadata.Distribution) -> str:
    """Its normalised name; empty where an interrupted installer left metadata without one."""
    found = distribution.metadata
    return re.sub(r"[-_.]+", "-", found["Name"]).lower() if "Name" in found else ""


def _announce_one(source: Path, site: Path) -> None:
    target = site / source.name
    target.mkdir(exist_ok=True)
    (target / "INSTALLER").write_text(ANNOUNCED)  # first: a start may be killed before it is done
    for name in ("METADATA", "WHEEL", "entry_points.txt", "top_level.txt"):
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    own = [f"{source.name}/{file.name},,\n" for file in sorted(target.iterdir())]
    (target / "RECORD").write_text("".join([*own, f"{source.name}/RECORD,,\n"]))


def _folder(distribution: metadata.Distribution) -> Path:
    return Path(distribution._path)  # type: ignore[attr-defined]  # noqa: SLF001 - the only way to a dist-info folder
