"""Settings from YAML: what is read as what, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finetune.commands.training import KINDS
from finetune.errors import DataError
from finetune.settings_file import from_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        ("torch_compile: on\n", {"torch_compile": "on"}),
        ("torch_compile: off\n", {"torch_compile": "off"}),
        ("deterministic: yes\n", {"deterministic": True}),
        ("output_dir:\n", {"output_dir": None}),
        ("max_rows: ~\n", {"max_rows": None}),
        ("text_column: 007\n", {"text_column": "007"}),
        ("text_column: 2024-01-01\n", {"text_column": "2024-01-01"}),
        ("cache_dir: !!str 5\n", {"cache_dir": Path("5")}),
        ("epochs: 2\nlr: 3e-5\nbatch-size: 8\nencoder: x\n", {
            "num_train_epochs": 2.0,
            "learning_rate": 3e-5,
            "per_device_train_batch_size": 8,
            "model_name_or_path": "x",
        }),
    ],
)  # fmt: skip
def test_a_setting_is_read_as_it_is_written(write: Write, contents: str, found: dict[str, object]) -> None:
    assert from_yaml(write("a.yaml", contents), KINDS) == found


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("data: x\nseed: ~\n", r"a.yaml:2: found seed: ~; expected int"),
        ("max_seq_length:\n", r"a.yaml:1: found max_seq_length: nothing; expected int"),
        ("learning_rate: ~\n", r"a.yaml:1: found learning_rate: ~; expected float"),
        ("seed: .inf\n", r"a.yaml:1: found seed: .inf; expected int"),
        ("max_steps: 2.5\n", r"a.yaml:1: found max_steps: 2.5; expected int"),
        ("gpus: 1.7\n", r"a.yaml:1: found gpus: 1.7; expected int or all"),
        ("seed: true\n", r"a.yaml:1: found seed: true; expected int"),
        ("precision: int4\n", r"found precision: 'int4'; expected one of auto, bf16, fp16, tf32, fp32"),
        ("deterministic: 1\n", r"found deterministic: 1; expected bool"),
        ("output_dir: !tag x\n", r"a.yaml:1: found output_dir: '!tag x'; expected Path"),
        ("output_dir: [a]\n", r"a.yaml:1: found output_dir: a list; expected Path"),
        ("data: {a: 1}\n", r"a.yaml:1: found data: a mapping; expected Path"),
        ("data: x\nseed: 1\nseed: 2\n", r"a.yaml:3: found seed again; expected each setting once"),
        ("epochs: 1\nnum_train_epochs: 2\n", r"a.yaml:2: found num_train_epochs again"),
        ("deterministic: !!bool maybe\n", r"found deterministic: maybe; expected bool"),
        ("[a]: 1\n", r"a.yaml:1: found the setting "),
    ],
)
def test_a_wrong_setting_is_refused_with_its_line(write: Write, contents: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_yaml(write("a.yaml", contents), KINDS)
