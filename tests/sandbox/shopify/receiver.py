"""A callback on this machine that keeps what it is sent and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Message:
    """What came: path, headers and the raw body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """The body, read."""
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass
class Receiver:
    """The callback. `status` is what it answers; while `slow` is not set, an answer waits for `go`."""

    url: str
    status: int = 200
    slow: bool = False
    messages: list[Message] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def values(self, name: str = "available") -> list[Any]:
        """One value of every message."""
        return [message.payload[name] for message in self.messages]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a callback for the length of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.messages.append(Message(self.path, dict(self.headers.items()), body))
            if receiver.slow:
                receiver.go.wait(10)
            self.send_response(receiver.status)
            if 300 <= receiver.status < 400:
                self.send_header("location", receiver.url)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
