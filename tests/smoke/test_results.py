"""The lines that the host side reads."""

import json

import pytest
from smoke.results import Outcome, Result


def test_a_line_has_these_keys_and_no_others() -> None:
    line = Result("bert", "BERT", Outcome("passed", "fine", data={"loss": 0.7}), 1.23456).line()
    assert json.loads(line) == {
        "check": "bert",
        "title": "BERT",
        "status": "passed",
        "detail": "fine",
        "mend": "",
        "seconds": 1.235,
        "data": {"loss": 0.7},
    }


def test_a_result_is_one_line_and_keeps_chinese_readable() -> None:
    line = Result("x", "y", Outcome("failed", "第一\n第二"), 0).line()
    assert "\n" not in line
    assert "第一" in line


@pytest.mark.parametrize(
    ("outcome", "green"),
    [
        pytest.param(Outcome("passed", ""), True, id="passed"),
        pytest.param(Outcome("failed", ""), False, id="failed"),
        pytest.param(Outcome("skipped", "", data={"allowed": True}), True, id="an allowed skip"),
        pytest.param(Outcome("skipped", "", data={"allowed": False}), False, id="a skip that is not allowed"),
        pytest.param(Outcome("skipped", ""), False, id="a skip that says nothing"),
    ],
)
def test_green(outcome: Outcome, green: bool) -> None:  # noqa: FBT001 - the table's expected value
    assert outcome.green is green
