"""Bounds the head of a request, which uvicorn takes in any length and waits for without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEAD_BYTES = 64 << 10
HEAD_SECONDS = 20.0
TOO_LARGE = b'{"error":"the head of the request is larger than 65,536 bytes"}'
REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b"
) % (len(TOO_LARGE), TOO_LARGE)


class Heads(HttpToolsProtocol):
    """A connection that is closed where a head is too large, or not whole in time.

    The time runs from the first byte; before the first request from the opening of the connection. Between
    requests uvicorn's own limit for idle connections holds.
    """

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Expect a head."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Count what comes until the head is whole."""
        if self._in_head:
            self._size += len(data)
            self._start()
        super().data_received(data)
        if self._in_head and self._size > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head, self._size = False, 0
        self._stop()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect the next head."""
        self._in_head = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
