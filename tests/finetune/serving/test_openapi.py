"""The service keeps what its OpenAPI description promises; schemathesis makes the requests."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from finetune.serving.openapi import paths
from finetune.serving.refusals import FailedError
from tests.finetune.serving.live import fake, model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.finetune.serving.live import Live

# 413 says that a text, or the number of texts, breaks its limit
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [413, 415, 422, 404]
"""
OPTIONS = ["--phases", "examples,coverage,fuzzing", "--max-examples", "40", "--seed", "7", "--no-color"]


KEY = "0123456789abcdef"
needs_schemathesis = pytest.mark.skipif(
    find_spec("schemathesis") is None, reason="schemathesis is not installed"
)


def found_by_schemathesis(live: Live, place: Path, *options: str) -> str:
    """Let schemathesis ask; return what it found."""
    (place / "schemathesis.toml").write_text(CONFIG)
    tool = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", *OPTIONS]
    address = f"http://127.0.0.1:{live.port}/openapi.json"
    ended = subprocess.run(
        [*tool, *options, address], cwd=place, check=False, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@needs_schemathesis
def test_requests_made_from_the_description_get_what_it_says(live: Live, tmp_path: Path) -> None:
    assert "Tested: 5" in found_by_schemathesis(live, tmp_path)


@needs_schemathesis
def test_where_a_key_is_demanded_the_description_says_so(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(KEY)
    with fake(model(tmp_path / "counter"), keys=keys) as live:
        assert "Tested: 5" in found_by_schemathesis(
            live, tmp_path, "--header", f"Authorization: Bearer {KEY}"
        )


def test_what_demands_a_key_is_described_with_it() -> None:
    found = paths("Asked", keyed=True)
    locked = {path for path, one in found.items() for route in one.values() if "security" in route}
    assert locked == {"/v1/predict", "/v1/models/{name}/predict", "/v1/models"}
    assert all("401" in route["responses"] for path in locked for route in found[path].values())


def test_a_model_that_fails_is_among_the_answers_that_are_described() -> None:
    found = paths("Asked", keyed=False)
    predicting = [route["post"]["responses"] for path, route in found.items() if path.endswith("predict")]
    assert all(str(FailedError.status) in one for one in predicting)
    assert len(predicting) == 2
