"""The emulator as a program: `python -m include.sandbox.shopify [--port N] [--state FILE] [--token T ...]`.

Prints one JSON line, `{"url": ...}`, when it accepts connections, and serves until SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from include.sandbox.shopify import persist
from include.sandbox.shopify.admin import Admin
from include.sandbox.shopify.app import build
from include.sandbox.shopify.bucket import Bucket
from include.sandbox.shopify.bulk.files import Files
from include.sandbox.shopify.bulk.runner import Runner
from include.sandbox.shopify.settings import DEFAULT_TOKEN, Settings
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.webhooks.dispatcher import Dispatcher

HOST = "127.0.0.1"
log = logging.getLogger("trueup.sandbox.shopify")


async def serve(port: int, state: Path | None, tokens: tuple[str, ...]) -> None:
    """Serve until told to stop.

    Raises:
        OSError: The port is taken.
        ValueError: The state file is none of ours.
    """
    store = Store()
    if state is not None and state.exists():
        persist.load(state, store)
    settings = Settings(tokens=tokens, bucket=Bucket(clock=store.now))
    with tempfile.TemporaryDirectory(prefix="shopify-emulator-") as temporary:
        files = Files(Path(temporary) if state is None else state.with_name(f"{state.stem}-files"))
        admin = Admin(store, settings, files, Dispatcher(store, settings))
        beside = [Runner(store, settings, files, admin.faults).run(), admin.webhooks.run()]
        if state is not None:
            beside.append(persist.keep_saving(state, store))
        await _serve(port, build(admin), beside)
        if state is not None:
            persist.save(state, store)


async def _serve(port: int, app: Callable[..., Any], beside: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Serve the application, and do what goes on beside it, until told to stop."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1, timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    with socket.create_server((HOST, port)) as listener:
        # Accepted connections inherit it. asyncio sets it only on sockets made with an explicit protocol; without it
        # each answer waits some 40 ms for the client's acknowledgement of its headers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _stop_gently(server)
        print(json.dumps({"url": f"http://{HOST}:{listener.getsockname()[1]}"}), flush=True)
        tasks = [asyncio.create_task(_reported(each)) for each in beside]
        await server.serve(sockets=[listener])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reported(work: Coroutine[Any, Any, None]) -> None:
    """Do some work; if it breaks off, that is in the log at once and not only at the end."""
    try:
        await work
    except Exception:
        log.exception("the emulator failed beside its requests; this is a bug in it")


def _stop_gently(server: uvicorn.Server) -> None:
    """Let a signal end the serving, not the process.

    uvicorn raises a signal again once it has stopped serving. Under the system's own handling that would be the end,
    before the last changes are saved.
    """

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.shopify", description="A Shopify emulator.")
    parser.add_argument("--port", type=int, default=0, help=f"the port on {HOST} (default: any free one)")
    parser.add_argument("--state", type=Path, help="keep the shop in this file")
    parser.add_argument("--token", action="append", help="an access token to accept; may be given several times")
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.port, options.state, tuple(options.token or (DEFAULT_TOKEN,))))
    except (OSError, ValueError) as error:
        print(f"shopify emulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
