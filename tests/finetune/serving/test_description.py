"""The service keeps what its OpenAPI description promises; schemathesis makes the requests."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.finetune.serving.live import Live

# 413 says that a text, or the number of texts, breaks its limit
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [413, 415, 422, 404]
"""
OPTIONS = ["--phases", "examples,coverage,fuzzing", "--max-examples", "40", "--seed", "7", "--no-color"]


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis is not installed")
def test_requests_made_from_the_description_get_what_it_says(live: Live, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    tool = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", *OPTIONS]
    address = f"http://127.0.0.1:{live.port}/openapi.json"
    ended = subprocess.run(
        [*tool, address], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Tested: 5" in ended.stdout
