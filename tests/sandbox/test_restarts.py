"""Parts that have ended by themselves are started again, in their place, unless they keep ending."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import psycopg
import pytest

from include.sandbox import postgres, process, readiness, reaper
from include.sandbox.process import Child
from include.sandbox.restarts import LONGEST_PAUSE_S, MOST_STARTS, STEADY_S, Restarts
from tests.sandbox.children import FOR_EVER, PROJECT, is_gone, start, wait_for_starts

pytestmark = pytest.mark.usefixtures("children_of_its_own")


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Stopped(BaseException):
    """The demo was asked to stop."""


@contextmanager
def _asked_to_stop() -> Iterator[None]:
    """What the demo does with SIGTERM."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _signal_in_the_middle_of(child: Child) -> list[int]:
    """Have SIGTERM come in the moment of the child's next start; the list gets its process id."""
    started, launch = list[int](), child._launch

    def launch_and_signal() -> subprocess.Popen[bytes]:
        popen = launch()
        started.append(popen.pid)
        signal.raise_signal(signal.SIGTERM)
        return popen

    child._launch = launch_and_signal
    return started


def _kill(child: Child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    readiness.wait_until("the end", lambda: child.exit_code is not None, wait_s=20)


def test_a_killed_part_is_started_again_in_its_place(tmp_path: Path) -> None:
    record = tmp_path / "processes.json"
    process.record_in(record)
    first, second = start(tmp_path, name="first"), start(tmp_path, name="second")
    told: list[str] = []
    restarts = Restarts([first, second], told.append)
    assert restarts.look() is None
    assert told == [], "all run"
    before = first.pid
    _kill(first)
    assert restarts.look() is None
    wait_for_starts(first, 2)
    assert first.exit_code is None
    assert first.pid != before
    assert [(one["name"], one["pid"]) for one in json.loads(record.read_text())] == [
        ("first", first.pid), ("second", second.pid),
    ]  # fmt: skip
    assert told == ["first has ended by itself (exit status -9); started again in 0 s"]
    assert process.stop_all() == []
    assert reaper.born_at(first.pid) is None


def test_what_a_killed_part_has_left_behind_ends_before_it_is_started_again(tmp_path: Path) -> None:
    code = f"import subprocess, sys\np = subprocess.Popen([sys.executable, '-S', '-c', {FOR_EVER!r}])\np.wait()"
    child = start(tmp_path, code, "parent")
    wait_for_starts(child, 1)
    (orphan,) = set(reaper.session_members(child.pid)) - {child.pid}
    _kill(child)
    assert reaper.born_at(orphan) is not None
    assert Restarts([child], list[str]().append).look() is None
    assert reaper.born_at(orphan) is None
    wait_for_starts(child, 2)


def test_a_part_that_keeps_ending_is_given_up(tmp_path: Path) -> None:
    child = process.start("broken", [sys.executable, "-S", "-c", "exit(3)"], log=tmp_path / "log")
    clock, pauses = Clock(), list[float]()
    restarts = Restarts([child], lambda text: pauses.append(float(text.split()[-2])), clock)

    def end_of_broken() -> None:
        readiness.wait_until("the end", lambda: child.exit_code is not None, wait_s=20)

    for _ in range(MOST_STARTS):
        end_of_broken()
        ended = child.pid
        assert restarts.look() is None
        for _ in range(2 if pauses[-1] else 0):
            assert child.pid == ended, "it is not time yet"
            clock.seconds += pauses[-1] / 2
            assert restarts.look() is None
        assert child.pid != ended
    assert pauses == [0, 1, 2, 4, 8, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    end_of_broken()
    assert restarts.look() is child


def test_a_part_that_has_run_for_a_while_begins_anew(tmp_path: Path) -> None:
    child, clock = start(tmp_path), Clock()
    pauses: list[float] = []
    restarts = Restarts([child], lambda text: pauses.append(float(text.split()[-2])), clock)
    for starts in range(2, MOST_STARTS + 4):
        _kill(child)
        assert restarts.look() is None
        wait_for_starts(child, starts)
        clock.seconds += STEADY_S
    assert set(pauses) == {0}


def test_a_part_that_is_not_kept_up_is_named_at_once(tmp_path: Path) -> None:
    kept, other = start(tmp_path, name="kept"), start(tmp_path, name="other")
    _kill(other)
    assert Restarts([kept], list[str]().append).look() is other


def test_a_part_that_is_started_again_while_all_is_to_stop_stops_too(tmp_path: Path) -> None:
    """The signal comes when the process is there, and nobody knows of it yet."""
    child = start(tmp_path)
    started = _signal_in_the_middle_of(child)
    _kill(child)
    with _asked_to_stop(), pytest.raises(Stopped):
        Restarts([child], list[str]().append).look()
    assert started == [child.pid], "what is listed is what runs"
    assert child.exit_code is None
    process.stop_all()
    assert is_gone(child.pid)


def test_a_part_that_is_started_while_all_is_to_stop_stops_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(tmp_path, name="first")
    started: list[int] = []

    def spawn(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        popen = subprocess.Popen(*arguments, **options)
        started.append(popen.pid)
        signal.raise_signal(signal.SIGTERM)
        return popen

    monkeypatch.setattr(process, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": spawn}))
    with _asked_to_stop(), pytest.raises(Stopped):
        start(tmp_path, name="second")
    assert [child.pid for child in process.named("second")] == started
    process.stop_all()
    assert is_gone(started[0])


def test_what_was_started_again_does_not_outlive_its_parent(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys; from include.sandbox import process;"
        f"c = process.start('c', [sys.executable, '-S', '-c', {FOR_EVER!r}], log=pathlib.Path(sys.argv[1]) / 'log');"
        "os.kill(c.pid, 9); c.popen.wait(); c.start_again();"
        "print(c.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    again = int(done.stdout)
    readiness.wait_until("the child to end", lambda: reaper.born_at(again) is None, wait_s=30)


def test_postgres_comes_back_at_its_address_with_what_was_committed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with postgres.running(tmp_path / "pg", durable=True) as cluster:
        with psycopg.connect(cluster.dsn("postgres")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        told: list[str] = []
        restarts = Restarts(process.named("postgres"), told.append)
        before = cluster.pid
        os.kill(before, signal.SIGKILL)

        def is_back() -> bool:
            assert restarts.look() is None
            try:
                with psycopg.connect(cluster.dsn("postgres"), connect_timeout=2) as again:
                    return again.execute("SELECT number FROM kept").fetchone() == (7,)
            except psycopg.OperationalError:
                return False

        readiness.wait_until("Postgres to be back", lambda: is_back() and bool(told), wait_s=60)
        assert cluster.pid != before
        assert told
