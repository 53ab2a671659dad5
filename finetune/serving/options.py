"""What `finetune serve` can be told."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the types of the fields are read at run time
from typing import Literal

from finetune.options import must_hold, require

AT_LEAST_ONE = ("max_batch_tokens", "threads", "max_queue", "max_texts", "max_characters", "max_body")


@dataclass(frozen=True)
class ListenOptions:
    """Where the service listens, and to whom."""

    host: str = "127.0.0.1"
    """Address to listen on; any but a loopback address demands an API key."""
    port: int = 8000
    """Port to listen on; 0 takes a free one."""
    api_key_file: Path | None = None
    """File with the accepted API keys, one a line; callers send one as Authorization: Bearer KEY."""
    without_key: bool = False
    """Listen beyond loopback without a key: right only where something in front decides who gets in."""
    drain_seconds: int = 30
    """After SIGTERM, how long accepted requests may take to finish."""

    def __post_init__(self) -> None:
        """Check the address, and that strangers need a key."""
        require(0 <= self.port <= 65535, f"--port is {self.port}, accepted: 0 to 65535")
        require(self.drain_seconds >= 0, f"--drain-seconds is {self.drain_seconds}, accepted: 0 and more")
        require(
            self.loopback or self.without_key or self.api_key_file is not None,
            f"--host {self.host} can be reached from other machines: give --api-key-file FILE (one key a "
            "line), or --without-key where something in front of the service decides who gets in",
        )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class ServingOptions:
    """How texts are batched, what is refused, and when a model is loaded again."""

    gpu_id: int | None = None
    """The GPU, counted from 0; -1 forces the CPU. Without it torch takes a GPU, ONNX Runtime the CPU."""
    threads: int | None = None
    """Threads that compute one batch on a CPU (default: the cores of this process)."""
    torch_compile: Literal["auto", "on", "off"] = "auto"
    """Compile the kernels of a model that torch runs, before the service is ready; auto does so on a GPU, and
    serves the plain model where that fails."""
    max_batch_tokens: int | None = None
    """Most tokens, padding included, in one batch (default: 1024 on a CPU, 16384 on a GPU)."""
    max_wait_ms: float = 5.0
    """Longest that a text waits for others which are being tokenised; a lone text never waits."""
    max_queue: int = 1024
    """Texts that may wait for a model, a long one counted by its windows; beyond that callers get 503 and
    when to try again."""
    max_texts: int = 256
    """Most texts in one request; beyond that callers get 413."""
    max_characters: int = 20_000
    """Longest text in characters; beyond that callers get 413."""
    max_body: int = 1 << 20
    """Largest request in bytes; beyond that callers get 413 before anything is parsed."""
    watch_seconds: float = 2.0
    """How often the folders are looked at; one that changed is loaded again. 0 leaves it to SIGHUP."""

    def __post_init__(self) -> None:
        """Check ranges."""
        require(
            self.gpu_id is None or self.gpu_id >= -1,
            f"--gpu-id is {self.gpu_id}, accepted: 0 and more, or -1 for the CPU",
        )
        must_hold(self, AT_LEAST_ONE, lambda one: one >= 1, "1 and more")
        must_hold(self, ("max_wait_ms", "watch_seconds"), lambda one: one >= 0, "0 and more")
        require(
            self.max_texts <= self.max_queue,
            f"--max-texts is {self.max_texts}, accepted: up to --max-queue, which is {self.max_queue}",
        )
