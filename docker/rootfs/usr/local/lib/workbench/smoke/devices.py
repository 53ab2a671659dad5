"""Which devices the checks run on, and why there is no GPU where there should be one."""

import torch

from .driver import NO_GPU_MEND
from .record import Record
from .results import FailedError, SkippedError


def gpus(record: Record) -> list[torch.device]:
    """Return every GPU; skip on the cpu variant, fail where a GPU was promised and none answers."""
    if not record.wants_gpu:
        raise SkippedError("the cpu variant has no GPU", allowed=True)
    reason = gpu_trouble()
    if reason:
        raise FailedError(f"variant {record.variant} needs a GPU, torch sees none: {reason}", NO_GPU_MEND)
    return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]


def devices(record: Record) -> list[torch.device]:
    """Return every GPU, or the CPU on the cpu variant."""
    return gpus(record) if record.wants_gpu else [torch.device("cpu")]


def gpu_trouble() -> str | None:
    """Say in torch's own words why CUDA does not start; None where it does."""
    try:
        torch.cuda.current_device()
    except (RuntimeError, AssertionError) as error:
        return str(error).strip().splitlines()[0]
    return None if torch.cuda.device_count() else "CUDA starts but reports no device"


def device_name(device: torch.device) -> str:
    """Return a name that a person knows the device by."""
    if device.type != "cuda":
        return str(device)
    return f"{device} ({torch.cuda.get_device_name(device)})"
