"""Ends processes, and goes on doing so when whoever started them is gone.

The module is both a library (`process.py` uses it) and a program: `python reaper.py` reads one JSON object
a line from its standard input, `{"add": {...}}` (with `"instead_of": pid` in the place of another one) or
`{"remove": pid}`, and when that pipe closes, which the
kernel does however the parent died, it ends every process still listed, last started first.
`PR_SET_PDEATHSIG` would be shorter, but it is lost when the child changes its user, and it fires when the
starting *thread* ends.

Standard library only and no import from the project: it must start in milliseconds and under any working
directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

POLL_S = 0.02


@dataclass(frozen=True)
class Target:
    """A process to be ended.

    Attributes:
        name: What it is, for messages.
        pid: Its process id, which is also the id of its session.
        born: Its start time in clock ticks since boot (`born_at`); tells it from a later process with the
            same id.
        signals: What it is sent, in this order, until it is gone; the last one is also sent to its whole
            session.
        grace_s: How long it gets after each signal, in seconds.
    """

    name: str
    pid: int
    born: str
    signals: tuple[int, ...]
    grace_s: float

    def to_json(self) -> dict[str, Any]:
        """The target as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Target:
        """The target from what `to_json` gave."""
        return cls(
            str(value["name"]),
            int(value["pid"]),
            str(value["born"]),
            tuple(int(one) for one in value["signals"]),
            float(value["grace_s"]),
        )


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third one on (the second may hold blanks); None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return text.rpartition(")")[2].split()


def born_at(pid: int) -> str | None:
    """When a process started, in clock ticks since boot; None if it is gone or a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else fields[19]


def is_alive(target: Target) -> bool:
    """Whether that very process (not a later one with the same id) still runs."""
    return born_at(target.pid) == target.born


def session_members(session: int) -> list[int]:
    """The living processes of a session: a child started with `start_new_session` and all its descendants."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields is not None and fields[0] not in "ZX" and int(fields[3]) == session:
                found.append(int(entry.name))
    return found


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _gone(target: Target, wait_s: float) -> bool:
    end = time.monotonic() + wait_s
    while is_alive(target):
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_S)
    return True


def end(target: Target) -> bool:
    """Ends one process and what is left of its session.

    Args:
        target: The process. If its id belongs to another process by now, nothing is sent.

    Returns:
        True if it went without SIGKILL and left nobody behind.
    """
    if not is_alive(target):
        return _sweep(target)
    for number in target.signals:
        _send(target.pid, number)
        if _gone(target, target.grace_s):
            return _sweep(target) and number != signal.SIGKILL
    return False


def _sweep(target: Target) -> bool:
    """Kills what a dead session leader left behind; says whether there was nothing."""
    clean = True
    stop = time.monotonic() + target.grace_s
    # The leader's id cannot be given to a new process while its session has members, so these are ours.
    while not is_alive(target) and (rest := session_members(target.pid)):
        if born_at(target.pid) is not None or time.monotonic() >= stop:
            return False
        clean = False
        for pid in rest:
            _send(pid, signal.SIGKILL)
        time.sleep(POLL_S)
    return clean


def end_all(targets: list[Target]) -> list[str]:
    """Ends processes, last started first; returns the names of those that did not go quietly."""
    return [target.name for target in reversed(targets) if not end(target)]


def _apply(line: str, targets: list[Target]) -> None:
    order = json.loads(line)
    if "instead_of" in order:
        added = Target.from_json(order["add"])
        targets[:] = [added if one.pid == order["instead_of"] else one for one in targets]
    elif "add" in order:
        targets.append(Target.from_json(order["add"]))
    else:
        targets[:] = [one for one in targets if one.pid != order["remove"]]


def main() -> int:
    """Keeps the list until the parent is gone, then ends what is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent, targets, rest = os.getppid(), list[Target](), b""
    # A process forked by the parent may hold the pipe open after the parent's death: hence the look at the
    # parent too.
    while os.getppid() == parent:
        if not select.select([0], [], [], 1.0)[0]:
            continue
        chunk = os.read(0, 1 << 16)
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _apply(line.decode(), targets)
    end_all(targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
