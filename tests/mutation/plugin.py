"""Runs the collected tests once for each mutant, within one session: servers and databases are started once.

A mutant is killed by the first test that fails. Only the tests that read the statement, or call the function, are run:
first those that have killed others of its file, then those of the group's first file, then the quick ones.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from tests.mutation import mutant
from tests.mutation.mutant import Change, Mutant

SECONDS_A_TEST = 120
"""Within which a test ends as it is."""


def patience(seconds: float) -> int:
    """Seconds after which a test that takes so long as it is has noticed: a change may make a loop endless."""
    return min(SECONDS_A_TEST, 20 + 20 * int(seconds))


class TookTooLong(Exception):
    """A test did not come to its end."""


class Learning:
    """In place of pytest's loop: runs each test that is not known yet as it is, and keeps how long it took and what of
    the project it has read or called."""

    def __init__(self, known: Path) -> None:
        self.known = known

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Each test once."""
        known: dict[str, Any] = json.loads(self.known.read_text(encoding="utf-8")) if self.known.exists() else {}
        new = [item for item in session.items if item.nodeid not in known]
        if new:
            _fails(new[0], _another(session.items, new[0]))  # starts the servers, which is no test's own time
        for item, following in _each_with_next(new):
            began = time.monotonic()
            with _noted() as touched:
                failed = _fails(item, following)
            if failed:
                raise pytest.UsageError(f"{item.nodeid} fails without any change")
            known[item.nodeid] = {"seconds": round(time.monotonic() - began, 2), "touches": sorted(touched)}
            self.known.write_text(json.dumps(known), encoding="utf-8")
        return True


class Mutation:
    """In place of pytest's loop: tries each mutant.

    Attributes:
        mutants: The mutants.
        known: What `Learning` has kept.
        report: Where each mutant's end is told, one JSON object a line.
        most_tests: After so many tests a mutant counts as alive for now.
        killers: Tests that have killed before, by file, the last one first.
        last: The test that has killed the same mutant before.
    """

    def __init__(
        self,
        mutants: Sequence[Mutant],
        known: Mapping[str, Any],
        report: Path,
        most_tests: int | None,
        killers: dict[str, list[str]],
        last: Mapping[Change, str],
    ) -> None:
        self.mutants = mutants
        self.known = known
        self.report = report
        self.most_tests = most_tests
        self.killers = killers
        self.last = last
        self._trusted: set[str] = set()
        self._error: BaseException | None = None

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        """Remember why a test has failed."""
        self._error = call.excinfo.value if call.excinfo is not None else None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Each mutant until a test fails."""
        with self.report.open("a", encoding="utf-8") as report:
            for number, each in enumerate(self.mutants, 1):
                began = time.monotonic()
                items = self._likeliest_first(session.items, each)
                with each.in_force():
                    killer = self._first_failure(items[: self.most_tests])
                error = self._error if killer is not None else None
                is_invalid = each.file.endswith(".sql") and _is_no_sql(error)
                if killer is not None and not is_invalid:
                    self._trust(session.items, killer)
                    self.killers.setdefault(each.file, []).insert(0, killer)
                told = {
                    "file": each.file,
                    "line": each.line,
                    "was": each.was,
                    "becomes": each.becomes,
                    "killer": mutant.NO_STATEMENT if is_invalid else killer,
                    "tests": [len(items[: self.most_tests]), len(items)],
                    "seconds": round(time.monotonic() - began, 1),
                    "at": time.time(),
                }
                report.write(json.dumps(told) + "\n")
                report.flush()
                print(f"{number}/{len(self.mutants)} {'killed' if killer else 'SURVIVED'} {each}", flush=True)
        return True

    def _likeliest_first(self, items: Sequence[pytest.Item], each: Mutant) -> list[pytest.Item]:
        last = self.last.get(each.change)
        killers = list(dict.fromkeys([*([last] if last else []), *self.killers.get(each.file, [])]))
        rank = {name: number for number, name in enumerate(killers)}
        able = [item for item in items if each.place in self.known[item.nodeid]["touches"]]
        return sorted(able, key=lambda item: (rank.get(item.nodeid, len(killers)), self.known[item.nodeid]["seconds"]))

    def _first_failure(self, items: Sequence[pytest.Item]) -> str | None:
        return next(
            (
                item.nodeid
                for item, following in _each_with_next(items)
                if _fails(item, following, patience(self.known[item.nodeid]["seconds"]))
            ),
            None,
        )

    def _trust(self, items: Sequence[pytest.Item], killer: str) -> None:
        """See once that a test which kills passes without any change."""
        if killer in self._trusted:
            return
        (item,) = (each for each in items if each.nodeid == killer)
        if _fails(item, _another(items, item)):
            raise pytest.UsageError(f"{killer} fails without any change")
        self._trusted.add(killer)


def _is_no_sql(error: BaseException | None) -> bool:
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("42")


def _each_with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item]]:
    return zip(items, [*items[1:], *items[:1]], strict=True)


def _another(items: Sequence[pytest.Item], item: pytest.Item) -> pytest.Item:
    return items[0] if item is not items[0] else items[-1]


@contextmanager
def _noted() -> Iterator[set[str]]:
    """What of the project is read or called, as `Mutant.place` names it; complete when the block has ended."""
    touched: set[str] = set()
    called: set[CodeType] = set()

    def read(file: Path) -> bytes:
        touched.add(str(file.relative_to(mutant.PROJECT)))
        return file.read_bytes()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        with mutant.statements_read(read):
            yield touched
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    own = str(mutant.PROJECT / "include")
    touched.update(mutant.place_of(code) for code in called if code.co_filename.startswith(own))


def _fails(item: pytest.Item, following: pytest.Item, seconds: int = SECONDS_A_TEST) -> bool:
    """Run a test. As another one is said to follow, what belongs to the session stays up, after the last one too."""
    next_item = following if following is not item else None
    item.session._setupstate.teardown_exact(item)  # of the test before, which another one was said to follow
    try:
        with _time_limit(seconds):
            reports = runtestprotocol(item, log=False, nextitem=next_item)
    except TookTooLong:  # while pytest was about to report
        item.session._setupstate.teardown_exact(next_item)
        return True
    return any(report.failed for report in reports)


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"not within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def pytest_configure(config: pytest.Config) -> None:
    """Take what is to be done from the file that the environment names, see `__main__`."""
    # Nobody reads the example that kills: it need not be shortened.
    settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutation")
    wanted = json.loads(Path(os.environ["MUTATION"]).read_text(encoding="utf-8"))
    known = Path(wanted["known"])
    if "files" not in wanted:
        config.pluginmanager.register(Learning(known), "mutation")
        return
    number, shares = wanted["share"]
    skipped = {tuple(one) for one in wanted["skipped"]}
    mutants = [each for file in wanted["files"] for each in mutant.of_file(file)][number::shares]
    mutants = [each for each in mutants if each.change not in skipped]
    learned = json.loads(known.read_text(encoding="utf-8"))
    last = {(file, was, becomes): killer for file, was, becomes, killer in wanted["last"]}
    config.pluginmanager.register(
        Mutation(mutants, learned, Path(wanted["report"]), wanted["most_tests"], wanted["killers"], last), "mutation"
    )
