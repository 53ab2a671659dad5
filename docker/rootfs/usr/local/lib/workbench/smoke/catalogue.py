"""The checks in the order in which a person would make them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from .record import RequestError
from .results import Seen
from .settings import Settings


@dataclass(frozen=True)
class Check:
    """A name for --only, a title for the table, and the module whose `check` does it."""

    name: str
    title: str
    module: str

    def load(self) -> Callable[[Settings], Seen]:
        """Import the check late, so that a broken torch fails this check and not the program."""
        return cast("Callable[[Settings], Seen]", import_module(self.module).check)


CHECKS = (
    Check("nvidia-smi", "nvidia-smi runs", "smoke.nvidia_smi"),
    Check("driver", "NVIDIA driver and devices", "smoke.driver"),
    Check("torch", "torch, CUDA and cuDNN as promised", "smoke.versions"),
    Check("matmul", "Memory and matrix product", "smoke.matmul"),
    Check("bert", "BERT-base forward and backward", "smoke.bert"),
    Check("cpu-inputs", "Inputs left on the CPU are noticed", "smoke.cpu_inputs"),
    Check("compile", "torch.compile", "smoke.compiled"),
    Check("dataloader", "DataLoader workers, shared memory", "smoke.loader"),
    Check("nccl", "NCCL all-reduce between GPUs", "smoke.nccl"),
    Check("jupyter", "Jupyter logs in and runs a cell", "smoke.jupyter"),
)


def select(names: list[str] | None) -> list[Check]:
    """Return the named checks in their order; None stands for all."""
    if names is None:
        return list(CHECKS)
    known = [check.name for check in CHECKS]
    for name in names:
        if name not in known:
            raise RequestError(f"no check is called {name!r}; there are: {', '.join(known)}")
    return [check for check in CHECKS if check.name in names]
