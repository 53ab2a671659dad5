"""Writes TensorBoard scalars; what was written after the step that a run goes on from does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from torch.utils.tensorboard import SummaryWriter


class Scalars:
    """The event file of a run; without a folder it takes what it is given and writes nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def begin(self, step: int) -> None:
        """Open the file; what an earlier start wrote after this step no longer counts."""
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow, and only training needs it

        if self._folder is not None:
            self._writer = SummaryWriter(str(self._folder), purge_step=step + 1)  # type: ignore[no-untyped-call]

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
