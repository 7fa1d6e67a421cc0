"""Starts the sandbox's processes and sees to it that none is left.

Every child gets a session of its own (Ctrl-C in the terminal reaches only the parent, which stops the
children in order), a log file, and an entry with the reaper, a small process that ends the children if the
parent dies without doing it. `record_in` keeps the list in a file as well, for the case that both were
killed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from include.sandbox import reaper

HOST = "127.0.0.1"


class SandboxError(RuntimeError):
    """A part of the sandbox could not be brought up or taken down; the message says which and what to do."""


@dataclass(frozen=True)
class Account:
    """An operating system user as which a child runs.

    Attributes:
        name: The login name.
        uid: Its user id.
        gid: Its group id; the child gets no further groups.
    """

    name: str
    uid: int
    gid: int


@dataclass
class Child:
    """A process of the sandbox.

    Attributes:
        target: How it is recognised and ended.
        log: The file with its output.
    """

    target: reaper.Target
    log: Path
    popen: subprocess.Popen[bytes] = field(repr=False)
    _launch: Callable[[], subprocess.Popen[bytes]] = field(repr=False)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.target.pid

    @property
    def exit_code(self) -> int | None:
        """The exit status (negative: the signal that ended it), None while it runs."""
        return self.popen.poll()

    def stop(self) -> bool:
        """Ends the process and its descendants; harmless if it is gone. Returns whether it went quietly."""
        clean = _end(self)
        _registry.remove(self)
        if self.popen.stdout is not None:
            self.popen.stdout.close()
        return clean

    def start_again(self) -> None:
        """Starts it as it was started, once it and what it has left behind are gone; it keeps its place in the list.

        Raises:
            SandboxError: The program could not be started, or what came before does not go away.
        """
        _end(self)
        if reaper.session_members(self.pid):
            raise SandboxError(f"{self.target.name}: processes of session {self.pid} do not end; not started again")
        with _undisturbed():
            old, self.popen = self.target, self._launch()
            self.target = replace(old, pid=self.popen.pid, born=_born(self.popen))
            _registry.replace(old, self)

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the log, for a message."""
        return tail(self.log, lines)


def _end(child: Child) -> bool:
    # `wait` in a thread collects the exit status, so that the reaper's look at /proc is not held up by a
    # zombie.
    waiter = threading.Thread(target=child.popen.wait, daemon=True)
    waiter.start()
    clean = reaper.end(child.target)
    waiter.join(timeout=5)
    return clean


class _Registry:
    """The children of this process, as told to the reaper and, if wanted, written to a file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._children: list[Child] = []
        self._reaper: subprocess.Popen[bytes] | None = None
        self._file: Path | None = None

    def record_in(self, file: Path | None) -> None:
        with self._lock:
            self._own()
            self._file = file
            self._write()

    def children(self) -> list[Child]:
        with self._lock:
            self._own()
            return list(self._children)

    def add(self, child: Child) -> None:
        with self._lock:
            self._own()
            if self._reaper is None or self._reaper.poll() is not None:
                self._start_reaper()
            self._children.append(child)
            self._tell({"add": child.target.to_json()})
            self._write()

    def replace(self, old: reaper.Target, child: Child) -> None:
        with self._lock:
            self._own()
            self._tell({"add": child.target.to_json(), "instead_of": old.pid})
            self._write()

    def remove(self, child: Child) -> None:
        with self._lock:
            self._own()
            self._children = [one for one in self._children if one.target != child.target]
            self._tell({"remove": child.pid})
            self._write()
            if not self._children:
                self._stop_reaper()

    def _own(self) -> None:
        """Forgets what a fork of the parent inherited: the children are the parent's."""
        if self._owner != os.getpid():
            self._owner, self._children, self._reaper, self._file = os.getpid(), [], None, None

    def _start_reaper(self) -> None:
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(reaper.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        for known in self._children:
            self._tell({"add": known.target.to_json()})

    def _stop_reaper(self) -> None:
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            self._reaper.wait(timeout=10)
        self._reaper = None

    def _tell(self, order: dict[str, Any]) -> None:
        if self._reaper is None or self._reaper.stdin is None:
            return
        try:
            self._reaper.stdin.write(json.dumps(order).encode() + b"\n")
            self._reaper.stdin.flush()
        except BrokenPipeError:
            self._reaper = None

    def _write(self) -> None:
        if self._file is not None:
            write_atomically(self._file, json.dumps([one.target.to_json() for one in self._children], indent=1))


_registry = _Registry()


def record_in(file: Path | None) -> None:
    """Keeps the list of this process's children in a file from now on (None: no longer)."""
    _registry.record_in(file)


def end_recorded(file: Path) -> list[str]:
    """Ends what an earlier parent recorded in a file and left running.

    Args:
        file: The file named to `record_in` by that parent; it may be missing.

    Returns:
        The names of the processes that were still running, in the order in which they had been started.
    """
    if not file.exists():
        return []
    try:
        targets = [reaper.Target.from_json(one) for one in json.loads(file.read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError):
        targets = []
    alive = [one for one in targets if reaper.is_alive(one)]
    reaper.end_all(alive)
    file.unlink(missing_ok=True)
    return [one.name for one in alive]


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    account: Account | None = None,
    signals: Sequence[int] = (signal.SIGTERM, signal.SIGKILL),
    grace_s: float = 20.0,
    capture: bool = False,
) -> Child:
    """Starts a child in a session of its own.

    Args:
        name: What it is, for messages.
        command: Program and arguments.
        log: The file to which its output is appended.
        env: Its whole environment; None: the parent's.
        cwd: Its working directory; None: the parent's.
        account: The user as which it runs; None: the same user.
        signals: What ends it, in this order; the last should be SIGKILL.
        grace_s: How long it gets after each signal, in seconds.
        capture: Whether standard output is a pipe (for `readiness.ready_line`) rather than the log.

    Raises:
        SandboxError: The program could not be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)

    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            try:
                return subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if capture else out,
                    stderr=out,
                    env=None if env is None else dict(env),
                    cwd=cwd,
                    start_new_session=True,
                    user=None if account is None else account.uid,
                    group=None if account is None else account.gid,
                    extra_groups=None if account is None else [],
                )
            except OSError as error:
                raise SandboxError(f"{name}: cannot start {command[0]}: {error}") from error

    with _undisturbed():
        popen = launch()
        child = Child(reaper.Target(name, popen.pid, _born(popen), tuple(signals), grace_s), log, popen, launch)
        _registry.add(child)
    return child


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Has signals that would end this process wait for the end of the block: a child has to be listed to be ended.

    They are not blocked, as the child would inherit that.
    """
    held: list[int] = []
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():  # signals are handled nowhere else
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.signal(number, lambda sent, _frame: held.append(sent))
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for each in held:
            signal.raise_signal(each)


def _born(popen: subprocess.Popen[bytes]) -> str:
    return reaper.born_at(popen.pid) or "0"  # "0": it has ended already; whoever waits for it will say so


def stop_all() -> list[str]:
    """Stops every child of this process, last started first; names those that had to be killed."""
    return [child.target.name for child in reversed(_registry.children()) if not child.stop()]


def named(name: str) -> list[Child]:
    """The children of this process that are called so."""
    return [child for child in _registry.children() if child.target.name == name]


def ended() -> list[Child]:
    """The children of this process that have ended without having been stopped."""
    return [child for child in _registry.children() if child.exit_code is not None]


def stop_together(children: Sequence[Child]) -> dict[str, bool]:
    """Stops children at the same time and returns for each name whether it went quietly."""
    clean: dict[str, bool] = {}

    def stop(child: Child) -> None:
        clean[child.target.name] = child.stop()

    threads = [threading.Thread(target=stop, args=(child,)) for child in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clean


def tail(file: Path, lines: int = 15) -> str:
    """The last lines of a text file, indented; a note if there is none."""
    if not file.exists() or not file.stat().st_size:
        return "    (empty)"
    with file.open("rb") as handle:
        handle.seek(max(0, file.stat().st_size - 16_384))
        text = handle.read().decode("utf-8", errors="replace")
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


def free_port(preferred: int | None = None) -> int:
    """A TCP port on 127.0.0.1 that nobody listens on: the preferred one if it is free, else any.

    Another process may take it before it is used: who starts a server on it must be ready to try again.
    """
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SandboxError("no free TCP port on 127.0.0.1: every port of the ephemeral range is taken")


def remembered_port(file: Path) -> int | None:
    """The port written into a file by an earlier run, None if there is none."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def write_atomically(file: Path, text: str, *, mode: int = 0o600) -> None:
    """Replaces a file's content in one step; a reader sees the old text or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    scratch.replace(file)
