"""Children to be started, killed and waited for, written in a few lines of Python."""

from __future__ import annotations

import sys
from pathlib import Path

from include.sandbox import process, readiness, reaper
from include.sandbox.process import Child

PROJECT = Path(__file__).parents[2]
FOR_EVER = "import time\nprint('ready', flush=True)\ntime.sleep(600)"


def start(
    folder: Path, code: str = FOR_EVER, name: str = "child", *, grace_s: float = 10, capture: bool = False
) -> Child:
    """Start a child; one that runs for ever is ready on return."""
    command = [sys.executable, "-S", "-c", code]
    child = process.start(name, command, log=folder / f"{name}.log", grace_s=grace_s, capture=capture)
    if code.endswith(FOR_EVER):
        wait_for_starts(child, 1)
    return child


def wait_for_starts(child: Child, times: int) -> None:
    """Wait until a child that runs for ever is ready for the so-and-so-many-th time."""
    readiness.wait_until(f"start {times}", lambda: child.log.read_text().count("ready") >= times, wait_s=20)


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return reaper.born_at(pid) is None
