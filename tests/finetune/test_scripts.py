"""The scripts, run as files, as a person runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("train_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_knows_the_options_of_its_verb(script: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script), "--help"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--save-path" in done.stdout
    assert "--demo" in done.stdout
    assert "Duration:" in done.stdout
