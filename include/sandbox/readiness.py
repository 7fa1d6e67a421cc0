"""Waits until what was started is ready, and says why not: with the end of the log of the process that has failed."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

from include.sandbox.process import Child, SandboxError


def ready_line(child: Child, *, wait_s: float = 20.0) -> dict[str, Any]:
    """Waits for the JSON object that a child prints as its first line when it is ready.

    Args:
        child: Started with `capture=True`.
        wait_s: How long, in seconds.

    Raises:
        SandboxError: It ended, printed something else, or took too long.
    """
    pipe = child.popen.stdout
    if pipe is None:
        raise SandboxError(f"{child.target.name}: started without capture, so its ready line cannot be read")
    text, stop = b"", time.monotonic() + wait_s
    while b"\n" not in text:
        if not _readable(pipe, stop - time.monotonic()):
            raise SandboxError(_why_not(child, f"printed no ready line within {wait_s:g} s"))
        chunk = os.read(pipe.fileno(), 4096)
        if not chunk:
            raise SandboxError(_why_not(child, "ended before it was ready"))
        text += chunk
    try:
        value = json.loads(text.splitlines()[0])
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SandboxError(_why_not(child, f"printed {text[:200]!r}, expected one JSON object"))
    return value


def _readable(pipe: IO[bytes], wait_s: float) -> bool:
    return bool(select.select([pipe], [], [], max(0.0, wait_s))[0])


def wait_until(
    what: str,
    check: Callable[[], bool],
    *,
    children: Sequence[Child] = (),
    wait_s: float = 60.0,
    every_s: float = 0.05,
    progress: Callable[[str], None] | None = None,
) -> float:
    """Waits until a check holds, and gives up early if a child it depends on ends.

    Args:
        what: What is waited for, for messages.
        check: Tried again and again; must be quick and must not raise for "not yet".
        children: The processes that must stay alive meanwhile.
        wait_s: How long at most, in seconds.
        every_s: The pause between two tries, in seconds.
        progress: Told every five seconds that it still waits.

    Returns:
        How long it took, in seconds.

    Raises:
        SandboxError: It took too long, or a child ended; with the end of its log.
    """
    began = told = time.monotonic()
    while not check():
        now = time.monotonic()
        for child in children:
            if child.exit_code is not None:
                raise SandboxError(_why_not(child, f"ended while waiting for {what}"))
        if now - began > wait_s:
            logs = "".join(f"\n--- {child.log}\n{child.log_tail()}" for child in children)
            raise SandboxError(f"{what}: not reached within {wait_s:g} s{logs}")
        if progress is not None and now - told >= 5:
            progress(f"still waiting for {what} ({now - began:.0f} s)")
            told = now
        time.sleep(every_s)
    return time.monotonic() - began


def _why_not(child: Child, what: str) -> str:
    code = child.exit_code
    status = "" if code is None else f" (exit status {code})"
    return f"{child.target.name} {what}{status}. The end of its log, {child.log}:\n{child.log_tail()}"
