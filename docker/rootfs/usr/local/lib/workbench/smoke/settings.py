"""What every check is told."""

from dataclasses import dataclass, field
from pathlib import Path

from .record import Record


@dataclass(frozen=True)
class Settings:
    """The record to hold the image to, and where things are."""

    record: Record
    jupyter_url: str = "http://127.0.0.1:8888"
    password: str | None = field(default=None, repr=False)
    shared_memory: Path = Path("/dev/shm")  # noqa: S108 - the very folder under test
