"""torch, CUDA, cuDNN and the architecture list, held against what the build promised."""

import sys
from collections.abc import Callable

import torch

from .devices import gpus
from .results import FailedError, Seen
from .settings import Settings

_cudnn_version: Callable[[], int | None] = torch.backends.cudnn.version

CHANGED_MEND = (
    "Something replaced torch, most often a `pip install` that pulled another one: `uv pip uninstall torch` "
    "brings the image's own back; if it is the image that differs, `make up` builds it again"
)


def check(settings: Settings) -> Seen:
    """Compare every promised version, then ask whether each GPU here is one that this torch was built for."""
    record, found = settings.record, installed()
    promised = {name: getattr(record, name) for name in found}
    wrong = [name for name in found if not _keeps(promised[name], found[name])]
    if wrong:
        told = "; ".join(
            f"{name} is {_text(found[name])}, promised {_text(promised[name])}" for name in wrong
        )
        told += f" ({torch.__file__})"
        raise FailedError(told, CHANGED_MEND, found=found, promised=promised)
    if record.wants_gpu:
        _cover(len(gpus(record)), found["gpu_architectures"])
    return Seen(f"torch {found['torch']}, CUDA {found['cuda']}, cuDNN {found['cudnn']}", found)


def installed() -> dict[str, object]:
    """Return the versions under the record's names."""
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "torch": str(torch.__version__),  # a plain text: the receiving process has no torch
        "cuda": torch.version.cuda,
        "cudnn": cudnn_text(_cudnn_version()),
        "gpu_architectures": architectures(),
    }


def cudnn_text(number: int | None) -> str | None:
    """Write cuDNN's number as people do: 90501 -> 9.5, 8902 -> 8.9."""
    if number is None:
        return None
    major = 10_000 if number >= 90_000 else 1_000  # cuDNN 9 gave the minor version two more digits
    return f"{number // major}.{number % major // 100}"


def architectures() -> tuple[str, ...]:
    """Return the GPU architectures that torch was built for, also where no GPU is."""
    # torch.cuda.get_arch_list() is empty without a GPU; a CPU build lacks the function below.
    flags = getattr(torch._C, "_cuda_getArchFlags", lambda: "")() or ""  # noqa: SLF001 - no public way
    return tuple(str(flags).split())


def runs_on(capability: tuple[int, int], built: tuple[str, ...]) -> bool:
    """Say whether code built for these architectures runs on a GPU of this capability.

    Machine code (sm_) runs on its major version from its minor one on, PTX (compute_) on all later ones.
    """
    major, minor = capability
    here = major * 10 + minor
    for name in built:
        kind, _, number = name.rstrip("af").partition("_")
        if not number.isdigit():
            continue
        wanted = int(number)
        if wanted <= here and (kind == "compute" or wanted // 10 == major):
            return True
    return False


def _cover(count: int, built: object) -> None:
    names = tuple(str(name) for name in built) if isinstance(built, tuple) else ()
    for index in range(count):
        capability = torch.cuda.get_device_capability(index)
        if not runs_on(capability, names):
            raise FailedError(
                f"GPU {index} ({torch.cuda.get_device_name(index)}) is sm_{capability[0]}{capability[1]}; "
                f"this torch was built for {' '.join(names)}",
                "Take the variant that knows it: `make doctor` names one (Blackwell: VARIANT=cu128 make up)",
            )


def _keeps(promised: object, found: object) -> bool:
    """Say whether the promise holds: nothing promised is nothing broken, more architectures are welcome."""
    if isinstance(promised, tuple) and isinstance(found, tuple):
        return set(promised) <= set(found)
    return promised is None or found == promised


def _text(value: object) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
