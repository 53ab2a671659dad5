"""Takes memory on every device, and multiplies fresh random matrices there against a float64 product."""

from collections.abc import Callable

import torch

from .devices import device_name, devices
from .results import Data, FailedError, Seen
from .settings import Settings

Multiply = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

GIB = 2**30
SIDE = {"cuda": 2048, "cpu": 512}
# Largest error by norm that rounding alone explains, with room: float32 keeps about 1e-7 an element,
# bfloat16 4e-3 (8 bits, products summed in float32).
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
WRONG_MEND = (
    "If float32 is off by about 3e-4, TF32 is on: unset TORCH_ALLOW_TF32_CUBLAS_OVERRIDE. A larger error is "
    "a broken library or GPU: `nvidia-smi -q -d ECC,PAGE_RETIREMENT` on the host, then another driver"
)
MEMORY_MEND = (
    "Another process holds it: nvidia-smi on the host names it; CUDA_VISIBLE_DEVICES picks another GPU"
)


def check(settings: Settings) -> Seen:
    """Allocate and multiply on every device."""
    data: Data = {}
    for device in devices(settings.record):
        data[str(device)] = {"name": device_name(device), "bytes": take_memory(device)} | {
            str(dtype).removeprefix("torch."): product_error(device, dtype) for dtype in dtypes(device)
        }
    return Seen("; ".join(_line(name, seen) for name, seen in data.items()), data)


def dtypes(device: torch.device) -> list[torch.dtype]:
    """Return float32, and bfloat16 where the device computes in it."""
    has_bfloat16 = device.type != "cuda" or torch.cuda.get_device_capability(device) >= (8, 0)
    return [torch.float32, torch.bfloat16] if has_bfloat16 else [torch.float32]


def take_memory(device: torch.device) -> int:
    """Fill a quarter of the free memory, at most 1 GiB, and read it back; return the bytes taken."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else GIB
    count, value = min(free // 4, GIB) // 4, float(torch.randint(1, 1000, ()).item())
    try:
        kept = int((torch.full((count,), value, device=device) == value).sum().item())
    except torch.OutOfMemoryError as error:
        raise FailedError(f"{device}: {str(error).splitlines()[0]}", MEMORY_MEND) from None
    if kept != count:
        raise FailedError(f"{device}: {count - kept} of {count} numbers did not keep their value", WRONG_MEND)
    return count * 4


def product_error(device: torch.device, dtype: torch.dtype, multiply: Multiply = torch.matmul) -> float:
    """Return a product's relative error by norm; fail where rounding does not explain it."""
    generator = torch.Generator()
    seed = generator.seed()
    side = SIDE[device.type]
    left, right = (torch.randn(side, side, generator=generator).to(dtype) for _ in range(2))
    exact = left.double() @ right.double()
    found = multiply(left.to(device), right.to(device)).cpu().double()
    error = float((found - exact).norm() / exact.norm())
    if not error <= TOLERANCE[dtype]:  # written so that a NaN fails too
        raise FailedError(
            f"{device}: a product in {dtype} is off by {error:.1e}, expected at most {TOLERANCE[dtype]:.0e}",
            WRONG_MEND,
            seed=seed,
            side=side,
            error=error,
        )
    return error


def _line(name: str, seen: object) -> str:
    values = seen if isinstance(seen, dict) else {}
    errors = ", ".join(f"{key} error {values[key]:.0e}" for key in ("float32", "bfloat16") if key in values)
    return f"{name}: {values['bytes'] / GIB:.2f} GiB taken, {errors}"
