"""The demo as its user has it: the command, what it prints, the processes that descend from it, its end by a signal."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from psycopg.conninfo import make_conninfo

from include.sandbox import process, readiness
from include.sandbox.airflow_client import AirflowClient
from include.sandbox.process import Child
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.sandbox.world import World

PROJECT = Path(__file__).parents[2]
LONGEST_START = 180.0
LONGEST_STORY = 240.0
STORY_ENDS = re.compile(r"Trueup and Shopify agree on .*|The story went wrong: .*")


@dataclass
class Demo:
    """`python -m include.sandbox.demo` on a state folder, started when it is needed and started again after a stop."""

    folder: Path
    _child: Child | None = None
    _world: World | None = None
    _printed: int = 0
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.folder.with_suffix(".log")

    @property
    def is_up(self) -> bool:
        return self._child is not None and self._child.exit_code is None

    def world(self) -> World:
        """What the running demo consists of; starts it, and waits until its story is told, if it is not up."""
        if not self.is_up or self._world is None:
            self.start()
            self.wait_for("the end of the story", lambda: STORY_ENDS.search(self.printed()) is not None, LONGEST_STORY)
        assert self._world is not None
        return self._world

    def start(self, *options: str) -> None:
        """Start it, and return when it has introduced itself (`--smoke`: when it is started)."""
        self._printed = self._log.stat().st_size if self._log.exists() else 0
        command = [sys.executable, "-m", "include.sandbox.demo", "--state", str(self.folder), *options]
        self._child = process.start("demo", command, log=self._log, cwd=PROJECT, grace_s=90.0)
        if "--smoke" not in options:
            self.wait_for("the demo to be up", lambda: "Ctrl-C ends it" in self.printed(), LONGEST_START)
            self._world = attach(self.folder, self.printed())

    def printed(self) -> str:
        """What it has printed since it was last started."""
        return self._log.read_text(encoding="utf-8")[self._printed :]

    def wait_for(self, what: str, done: Callable[[], bool], seconds: float) -> None:
        """Wait for something that needs the demo to run."""
        assert self._child is not None
        readiness.wait_until(what, done, children=[self._child], wait_s=seconds, every_s=0.1)

    def run_to_its_end(self, *options: str) -> int:
        """Start it with options that make it end by itself; returns its exit status."""
        self.start(*options)
        return self._exit_status(LONGEST_START + LONGEST_STORY)

    def stop(self) -> int:
        """Send SIGTERM, wait, and return the exit status."""
        assert self._child is not None
        self._child.popen.send_signal(signal.SIGTERM)
        return self._exit_status(90.0)

    def _exit_status(self, seconds: float) -> int:
        assert self._child is not None
        child, self._child = self._child, None
        if self._world is not None:
            self._world.airflow.close()
            self._world = None
        try:
            return child.popen.wait(timeout=seconds)
        finally:
            child.stop()

    def end(self) -> None:
        """Stop it, if it is up, by whatever it takes."""
        if self._child is not None:
            self._child.stop()

    def children(self) -> dict[str, int]:
        """The processes that the running demo has started, as it has recorded them; each has a session of its own."""
        recorded = json.loads((self.folder / "processes.json").read_text(encoding="utf-8"))
        return {one["name"]: int(one["pid"]) for one in recorded}

    def processes(self) -> dict[int, str]:
        """Every process on this machine whose command or environment speaks of the state folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if str(self.folder) in command or str(self.folder).encode() in (entry / "environ").read_bytes():
                        found[int(entry.name)] = command
        return found


def attach(folder: Path, printed: str) -> World:
    """The world of a running demo, from what it tells its user."""

    def find(pattern: str) -> str:
        found = re.search(pattern, printed, re.MULTILINE)
        assert found is not None, f"the demo's introduction has no {pattern!r}:\n{printed}"
        return found[1]

    dsn = find(r"^Database +(\S+)$")
    key = Path(find(r"sftp -i (\S+) "))
    sftp = SftpServer(
        host=process.HOST,
        port=int(find(r"-P (\d+) netsuite@127\.0\.0\.1")),
        user="netsuite",
        host_key=(key.parent / "known_hosts").read_text(encoding="ascii").split(maxsplit=1)[1].strip(),
        client_key=key,
        pid=0,
        root=folder / "sftp" / "files",
        _faults=key.parent / "faults.json",
        _child=cast("Child", None),  # it is the demo's to stop, not ours
    )
    airflow = AirflowClient(find(r"^Airflow +(\S+)$"), "admin", find(r"admin, password (\S+)$"))
    emulator = Emulator(find(r"^Shopify emulator (\S+)$"), (folder / "shopify-token").read_text(encoding="utf-8"), 0)
    return World(dsn, make_conninfo(dsn, dbname="airflow"), sftp, sftp.root, emulator, airflow, folder)


def wait_for(what: str, done: Callable[[], bool], seconds: float = 60.0, every: float = 0.1) -> None:
    """Poll until something holds; the test fails if it does not in good time."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
