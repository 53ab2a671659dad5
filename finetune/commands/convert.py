"""Write model.safetensors beside an encoder's pytorch_model.bin.

The pickle is read by a reader that knows tensors and nothing else: a file that asks for any other code is
refused, so nothing in it is run. What you trust is that the numbers are the encoder's.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from finetune.errors import EncoderError, WriteError
from finetune.writing import beside, flush

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import torch

EXAMPLES = """example:
  finetune convert /workspace/models/chinese-roberta"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the folder."""
    parser.add_argument("folder", type=Path, help="the folder with config.json and pytorch_model.bin")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Convert, unless there is nothing to do."""
    folder: Path = arguments.folder
    target = folder / "model.safetensors"
    if target.is_file():
        say(f"{target} is there already: nothing to do")
        return 0
    source = folder / "pytorch_model.bin"
    if not source.is_file():
        raise EncoderError(f"{source}: there is no such file; give the folder that holds it")
    say(f"{source}: sha256 {hashlib.sha256(source.read_bytes()).hexdigest()}")
    say(f"{target}: {converted(source, target)} tensors written")
    return 0


def converted(source: Path, target: Path) -> int:
    """Write the tensors of the pickle, and count them."""
    from safetensors.torch import save_file  # noqa: PLC0415 - --help must not wait for torch

    from finetune.pickles import read_tensors  # noqa: PLC0415 - likewise

    tensors = apart(read_tensors(source))
    work = beside(target)
    try:
        save_file(tensors, work, metadata={"format": "pt"})
        flush(work)
        work.replace(target)
    except SafetensorError as error:
        raise WriteError(f"{target}: cannot be written ({error}); free some disk space") from None
    finally:
        work.unlink(missing_ok=True)
    return len(tensors)


def apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give each tensor its own memory, as safetensors wants it."""
    return {name: value.contiguous().clone() for name, value in tensors.items()}
