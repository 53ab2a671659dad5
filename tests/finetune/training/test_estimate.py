"""The estimate of memory, held against torch's own accounting, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from finetune.cli import main
from finetune.errors import RequestError
from finetune.training import estimate
from finetune.training.device import CPU_TOKENS, Device
from finetune.training.estimate import Estimate, choose_tokens, estimate_fixed, text_bytes, with_texts
from finetune.training.memory import container_bytes, machine_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.data.numbers import Index

CPU = Device(torch.device("cpu"), "", "fp32", "")
MIB = 1 << 20


def test_what_autograd_keeps_is_counted_once_and_without_the_weights() -> None:
    layer = nn.Linear(1000, 500, bias=False)

    def forward(index: Index) -> torch.Tensor:
        # keeps the input of the product and the result of the sigmoid: 4,000 and 2,000 bytes a text
        return layer(torch.ones(len(index), 1000)).sigmoid().sum()  # type: ignore[no-any-return]

    assert text_bytes(forward, 0) == 4000 + 2000 + 2 * 4000


def test_fixed_memory_is_what_torch_allocates_for_weights_gradients_and_adamw() -> None:
    model = nn.Sequential(nn.Linear(300, 200), nn.Linear(200, 10))
    model[0].weight.requires_grad = model[0].bias.requires_grad = False
    optimiser = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad])
    model(torch.ones(2, 300)).sum().backward()
    optimiser.step()
    learned = [one for one in model.parameters() if one.requires_grad]
    held = sum(one.nbytes for one in model.parameters()) + sum(
        one.grad.nbytes for one in learned if one.grad is not None
    )
    held += sum(optimiser.state[one][name].nbytes for one in learned for name in ("exp_avg", "exp_avg_sq"))
    found = estimate_fixed(model, CPU, 1)
    assert found.total(0) == held


def test_the_longest_text_decides() -> None:
    rows: list[int] = []

    def forward(index: Index) -> torch.Tensor:
        rows.extend(index)
        return (torch.ones(len(index), 100, requires_grad=True) * 2).exp().sum()

    found = with_texts(Estimate(0, 0, 10 * MIB), forward, np.array([3, 9, 5]))
    assert set(rows) == {1}
    assert found.longest == 9
    assert found.per_token > 0


@pytest.mark.parametrize(
    ("free", "wanted", "tokens", "why"),
    [
        (1 << 40, None, CPU_TOKENS, "caches of a CPU"),
        (100 * MIB, None, 512, "what memory holds"),
        (6 * MIB, None, 40, "what memory holds"),
        (100 * MIB, 300, 300, "--max-tokens"),
        (100 * MIB, 9999, 512, "--max-tokens 9,999 do not fit"),
    ],
)
def test_the_budget_follows_from_memory(free: int, wanted: int | None, tokens: int, why: str) -> None:
    found, said = choose_tokens(Estimate(MIB, MIB, free, 100_000, 40), CPU, wanted)
    assert found == tokens
    assert why in said


def test_what_cannot_fit_is_refused_with_advice() -> None:
    with pytest.raises(RequestError, match=r"needs about 7\.0 GiB.* 2\.0 GiB are free.*--freeze-layers"):
        Estimate(2 << 30, 5 << 30, 2 << 30).check()


def test_a_run_that_cannot_fit_ends_before_it_starts(
    news: Path,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(estimate, "available_bytes", lambda _: MIB)
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(tmp_path / "run")]
    assert main(["classify", *given, "--gpu-id", "-1", "--max-rows", "64"]) == 2
    assert "take a smaller encoder, lower --max-seq-length" in capsys.readouterr().err


def test_free_memory_is_that_of_machine_and_container(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   2000 kB\n")
    assert machine_bytes(tmp_path / "meminfo") == 2000 << 10
    assert container_bytes(tmp_path) > 1 << 60
    for name, text in (("max", "5000"), ("current", "3000"), ("stat", "anon 9\ninactive_file 700\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert container_bytes(tmp_path) == 2700
