"""What the runtime may import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BLOCKED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "pyarrow", "safetensors"}:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Block())
import finetune.runtime
"""


def test_the_runtime_needs_neither_torch_nor_transformers() -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


SINCE_3_11 = """
import sys
import finetune.runtime.session
print([name for name, one in sys.modules.items() if name.startswith("finetune") and hasattr(one, "Self")])
"""


def test_an_export_takes_nothing_from_typing_that_python_3_10_has_not() -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", SINCE_3_11], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
