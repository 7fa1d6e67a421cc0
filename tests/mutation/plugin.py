"""Runs the collected tests once for each mutant, within one session: servers and databases are started once.

A mutant is killed by the first test that fails. Which one it was is tried first for the next mutant of the same file.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from tests.mutation import mutant

SECONDS_A_TEST = 120
"""After which a test has noticed: a change may make a loop endless."""


class TookTooLong(Exception):
    """A test did not come to its end."""


class Mutation:
    """The part of pytest that runs the tests."""

    def __init__(self, files: Sequence[str], report: Path, share: tuple[int, int], skipped: set[mutant.Change]) -> None:
        found = [each for file in files for each in mutant.of_file(file)][share[0] :: share[1]]
        self.mutants = [each for each in found if each.change not in skipped]
        self.report = report
        self._killers: dict[str, list[str]] = {}
        self._seconds: dict[str, float] = {}
        self._reads: dict[str, set[str]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own: first the tests as they are, then once for each mutant."""
        items = list(session.items)
        self._try_unchanged(items)
        with self.report.open("a", encoding="utf-8") as report:
            for number, each in enumerate(self.mutants, 1):
                began = time.monotonic()
                with each.in_force():
                    killer = self._first_failure(self._likeliest_first(items, each.file))
                if killer is not None:
                    self._killers.setdefault(each.file, []).insert(0, killer)
                told = {
                    "file": each.file,
                    "line": each.line,
                    "was": each.was,
                    "becomes": each.becomes,
                    "killer": killer,
                }
                report.write(json.dumps(told | {"seconds": round(time.monotonic() - began, 1)}) + "\n")
                report.flush()
                print(f"{number}/{len(self.mutants)} {'killed' if killer else 'SURVIVED'} {each}", flush=True)
        return True

    def _try_unchanged(self, items: list[pytest.Item]) -> None:
        """Run each test as it is, and note how long it takes and which statements it reads."""
        for item, following in zip(items, [*items[1:], *items[:1]], strict=True):
            read: set[str] = set()

            def note(file: Path, read: set[str] = read) -> bytes:
                read.add(str(file.relative_to(mutant.PROJECT)))
                return file.read_bytes()

            began = time.monotonic()
            with mutant.statements_read(note):
                failed = _fails(item, following)
            if failed:
                raise pytest.UsageError(f"{item.nodeid} fails without any change")
            self._seconds[item.nodeid], self._reads[item.nodeid] = time.monotonic() - began, read

    def _likeliest_first(self, items: list[pytest.Item], file: str) -> list[pytest.Item]:
        """The tests that read a statement (of a module: all), those first that have killed before, then the quick."""
        killers = list(dict.fromkeys(self._killers.get(file, [])))
        rank = {name: number for number, name in enumerate(killers)}
        able = [item for item in items if file.endswith(".py") or file in self._reads[item.nodeid]]
        return sorted(able, key=lambda item: (rank.get(item.nodeid, len(killers)), self._seconds[item.nodeid]))

    def _first_failure(self, items: list[pytest.Item]) -> str | None:
        for item, following in zip(items, [*items[1:], *items[:1]], strict=True):
            if _fails(item, following):
                return item.nodeid
        return None


def _fails(item: pytest.Item, following: pytest.Item) -> bool:
    """Run a test. As another one is said to follow, what belongs to the session stays up, after the last one too."""
    next_item = following if following is not item else None
    try:
        with _time_limit():
            reports = runtestprotocol(item, log=False, nextitem=next_item)
    except TookTooLong:  # while pytest was about to report
        item.session._setupstate.teardown_exact(next_item)
        return True
    return any(report.failed for report in reports)


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"not within {SECONDS_A_TEST} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS_A_TEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def pytest_configure(config: pytest.Config) -> None:
    """Take the files, the report and the share of the mutants from the environment."""
    # Nobody reads the example that kills: it need not be shortened.
    settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutation")
    wanted = json.loads(os.environ["MUTATION"])
    share = (int(wanted["share"][0]), int(wanted["share"][1]))
    skipped = {(str(one[0]), str(one[1]), str(one[2])) for one in wanted["skipped"]}
    config.pluginmanager.register(Mutation(wanted["files"], Path(wanted["report"]), share, skipped), "mutation")
