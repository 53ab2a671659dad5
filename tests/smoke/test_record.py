"""Reading what the build promised."""

import json
from pathlib import Path

import pytest
from smoke.record import Record, RequestError, load_record

WHOLE = {"variant": "cu118", "torch": "2.7.1+cu118", "cuda": "11.8", "cudnn": "9.1", "base": "pulled"}


def test_a_whole_record_is_read_and_unknown_keys_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "variant.json"
    path.write_text(json.dumps(WHOLE | {"gpu_architectures": ["sm_80"], "python": "3.11"}))
    assert load_record(path) == Record("cu118", "2.7.1+cu118", "11.8", "9.1", ("sm_80",), "3.11")


def test_only_the_cpu_variant_wants_no_gpu() -> None:
    assert not Record("cpu", "2.7.1+cu126", "12.6", "9.5", ()).wants_gpu
    assert Record("cu128", "2.7.1+cu128", "12.8", "9.7", ()).wants_gpu


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(json.dumps(WHOLE), "found no gpu_architectures", id="a key is missing"),
        pytest.param("{", "not JSON", id="cut off"),
        pytest.param("[]", "found a list, expected a JSON object", id="not an object"),
    ],
)
def test_a_broken_record_is_refused_with_the_way_out(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "variant.json"
    path.write_text(text)
    with pytest.raises(RequestError, match=told):
        load_record(path)


def test_a_missing_record_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--variant-record"):
        load_record(tmp_path / "none.json")
