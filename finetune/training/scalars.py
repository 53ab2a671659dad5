"""Writes TensorBoard scalars; a resumed run hides what the interrupted one wrote after its checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Scalars:
    """The event file of a run; without a folder it takes what it is given and writes nothing."""

    def __init__(self, folder: Path | None, resumed_at: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow, and only training needs it

        self._writer: SummaryWriter | None = None
        if folder is None:
            return
        self._writer = SummaryWriter(str(folder), purge_step=resumed_at + 1 if resumed_at else None)  # type: ignore[no-untyped-call]

    def write(self, group: str, values: dict[str, float], step: int) -> None:
        """Write values such as train/loss."""
        for name, value in values.items() if self._writer is not None else ():
            assert self._writer is not None  # noqa: S101 - said above
            self._writer.add_scalar(f"{group}/{name}", value, step)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()  # type: ignore[no-untyped-call]
