"""Memory and the matrix product."""

import pytest
import torch
from smoke.matmul import check, dtypes, product_error, take_memory
from smoke.results import FailedError
from smoke.settings import Settings

CPU = torch.device("cpu")


def test_the_cpu_passes_and_says_how_exact_it_is(cpu: Settings) -> None:
    seen = check(cpu)
    assert "float32 error" in seen.detail
    assert isinstance(seen.data["cpu"], dict)
    assert seen.data["cpu"]["bfloat16"] > seen.data["cpu"]["float32"] > 0


@pytest.mark.usefixtures("no_gpu")
def test_without_the_promised_gpu_it_fails(cu126: Settings) -> None:
    with pytest.raises(FailedError, match="needs a GPU"):
        check(cu126)


def wrong_element(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    product = left @ right
    product[3, 5] += 10
    return product


def coarse(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return (left.bfloat16() @ right.bfloat16()).float()


def not_a_number(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return (left @ right) * float("nan")


@pytest.mark.parametrize("multiply", [wrong_element, coarse, not_a_number])
def test_a_wrong_product_is_seen(multiply: object) -> None:
    with pytest.raises(FailedError, match="expected at most 1e-05") as caught:
        product_error(CPU, torch.float32, multiply)  # type: ignore[arg-type] # the table's functions
    assert "TF32" in caught.value.mend
    assert "seed" in caught.value.data


def test_memory_that_does_not_keep_its_value_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "full", lambda shape, value, device: torch.zeros(shape, device=device) * value)
    monkeypatch.setattr("smoke.matmul.GIB", 4096)
    with pytest.raises(FailedError, match="256 of 256 numbers did not keep their value"):
        take_memory(CPU)


def test_a_full_device_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")

    monkeypatch.setattr(torch, "full", refuse)
    with pytest.raises(FailedError, match="CUDA out of memory") as caught:
        take_memory(CPU)
    assert "Another process" in caught.value.mend


@pytest.mark.parametrize(("capability", "count"), [((7, 5), 1), ((8, 0), 2)], ids=["Turing", "Ampere"])
def test_bfloat16_only_where_the_gpu_has_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], count: int
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert len(dtypes(torch.device("cuda", 0))) == count
