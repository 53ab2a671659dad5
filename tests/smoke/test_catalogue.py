"""The list of checks."""

import pytest
from smoke.catalogue import CHECKS, Check, select
from smoke.record import RequestError


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.name))
def test_every_check_can_be_loaded(check: Check) -> None:
    if check.name == "jupyter":
        pytest.importorskip("websocket")
    assert callable(check.load())


def test_the_order_stays_a_persons_whatever_the_order_of_the_request() -> None:
    assert [check.name for check in select(["jupyter", "torch"])] == ["torch", "jupyter"]


def test_no_names_mean_all_checks() -> None:
    assert select(None) == list(CHECKS)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"'jupiter'; there are: nvidia-smi, .*jupyter"):
        select(["torch", "jupiter"])
