"""A Shopify emulator: a GraphQL server over a subset of the real schema, as awkward as the real one.

It stands on recorded and documented behaviour of the Admin API; each rule names its evidence, and what is inferred is
marked so. `python -m include.sandbox.shopify` runs it, `running` runs it from Python.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from include.sandbox.shopify.control import Control
from include.sandbox.shopify.settings import DEFAULT_TOKEN

_PROJECT = Path(__file__).resolve().parents[3]


class Emulator(Control):
    """An emulator that was started here. `token` opens its Admin API; `pid` is its process."""

    def __init__(self, url: str, token: str, pid: int) -> None:
        super().__init__(url)
        self.token = token
        self.pid = pid


@contextmanager
def running(folder: Path, *, token: str = DEFAULT_TOKEN, keep: bool = True, **settings: object) -> Iterator[Emulator]:
    """Run the emulator in a process of its own for the length of a `with` block.

    Args:
        folder: Where its state and its log are; made if missing. A second run resumes there.
        token: The access token to accept.
        keep: Whether the shop is kept in a file, for a second run.
        settings: Settings to begin with; see `settings.NAMES`.

    Raises:
        SandboxError: It did not come up; with the end of its log.
    """
    from include.sandbox import process, readiness  # not above, so that the program needs nothing but this folder

    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "port"
    remembered = process.remembered_port(last)
    port = remembered if remembered is not None and process.free_port(remembered) == remembered else 0
    command = [
        *(sys.executable, "-m", "include.sandbox.shopify", "--port", str(port)),
        *(("--state", str(folder.resolve() / "shop.json")) if keep else ()),
        *("--token", token),
    ]
    child = process.start("shopify", command, log=folder / "shopify.log", cwd=_PROJECT, grace_s=5.0, capture=True)
    try:
        url = str(readiness.ready_line(child)["url"])
        process.write_atomically(last, url.rpartition(":")[2])
        with closing(Emulator(url, token, child.pid)) as emulator:
            if settings:
                emulator.settings(**settings)
            yield emulator
    finally:
        child.stop()
