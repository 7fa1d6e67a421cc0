"""Ways in which an answer leaves that no web framework offers: cut off, reset, or a few bytes at a time.

ASGI knows none of them, so this reaches through to uvicorn's transport.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PIECES = 40
"""Into how many a slow answer is cut at most."""

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for 0 seconds. What closes such a socket throws away what was not sent, and resets the connection."""


def drop(send: Send, *, reset: bool = False) -> None:
    """Close the connection without a further word.

    Args:
        send: The ASGI channel of the request.
        reset: Whether by a TCP reset, as when a machine in between has gone.
    """
    cycle = send.__self__  # type: ignore[attr-defined]
    if reset:
        cycle.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    cycle.transport.abort()
    cycle.disconnected = True
    cycle.response_started = True
    cycle.response_complete = True


async def break_off(send: Send, begun: bytes) -> None:
    """Send the beginning of a body whose length was told already, then close the connection."""
    await send({"type": "http.response.body", "body": begun, "more_body": True})
    transport = send.__self__.transport  # type: ignore[attr-defined]
    while transport.get_write_buffer_size():  # what waits there would be thrown away
        await asyncio.sleep(0.001)
    drop(send)


async def drip(send: Send, body: bytes, seconds: float) -> None:
    """Send a body in pieces, spread over some seconds of the machine's time."""
    size = max(1, -(-len(body) // PIECES))
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    for piece in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
