"""`python -m tests.mutation [group ...] [--jobs N]`: which small changes of the code does no test notice?

The planner, delivery, settlement and the formulas of online ATP; most of them are SQL. Survivors are listed with the
change, and the run fails if there is one that `explained.toml` does not explain. Of the known tools, mutmut and
cosmic-ray change Python alone, and all start the tests anew for each change: here that would be a Postgres, an emulator
and some seconds a change. So this changes the statements and functions within a running session.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.mutant import NO_STATEMENT, PROJECT, Change, of_file
from tests.mutation.targets import TARGETS, Target

EXPLAINED = Path(__file__).with_name("explained.toml")

QUIET = 4.0
"""The load below which a second process does no harm."""


def explained() -> dict[Change, str]:
    """Why a change makes no difference that a test could see, by file and by the line before and after it."""
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["explained"]
    return {(one["file"], one["was"], one["becomes"]): one["why"] for one in entries}


@dataclass(frozen=True)
class Run:
    """How mutants are tried.

    Attributes:
        folder: Where the reports are, and what is known of the tests. A run that was broken off goes on from there.
        jobs: Processes.
        only: Files whose name contains one of these.
        most_tests: After so many tests a mutant counts as alive for now.
        chosen: The tests to run, as pytest's `-k` takes them.
        again: Whether to try also what was killed before, first by the test that has killed it.
    """

    folder: Path
    jobs: int
    only: Sequence[str]
    most_tests: int | None
    chosen: str
    again: bool

    def of(self, target: Target, known: Collection[Change]) -> dict[Change, dict[str, Any]]:
        """Try the mutants of a group but those that are explained, or that were killed before.

        Returns:
            What became of each.

        Raises:
            SystemExit: The tests fail without any change, or the tests themselves could not be run.
        """
        files = [file for file in target.files if any(part in file for part in self.only or [""])]
        if not files:
            return {}
        self.folder.mkdir(parents=True, exist_ok=True)
        reports = [self.folder / f"{target.name}-{share}.jsonl" for share in range(self.jobs)]
        about_tests = str(self.folder / f"{target.name}-tests.json")
        self._pytest(target, [{"known": about_tests}])
        told = _read(self.folder, target)
        killers: dict[str, list[str]] = {}
        for one in reversed(told.values()):
            if one["killer"]:
                killers.setdefault(one["file"], []).append(one["killer"])
        wanted = {
            "known": about_tests,
            "files": files,
            "skipped": sorted(
                {change for change, one in told.items() if one["killer"] and not self.again}.union(known)
            ),
            "killers": killers,
            "last": [[*change, one["killer"]] for change, one in told.items() if one["killer"]],
            "most_tests": self.most_tests,
        }
        self._pytest(
            target,
            [wanted | {"report": str(report), "share": [share, self.jobs]} for share, report in enumerate(reports)],
        )
        asked = {each.change for file in files for each in of_file(file)}.difference(known)
        return {change: one for change, one in _read(self.folder, target).items() if change in asked}

    def _pytest(self, target: Target, wanted: Sequence[dict[str, Any]]) -> None:
        chosen = f"({target.but}) and ({self.chosen})" if self.chosen else target.but
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.plugin", "-k", chosen, *target.tests]
        running = []
        for number, each in enumerate(wanted):
            told = self.folder / f"{target.name}-{number}-wanted.json"  # more than fits into the environment
            told.write_text(json.dumps(each), encoding="utf-8")
            running.append(subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "MUTATION": str(told.resolve())}))
        try:
            statuses = [process.wait() for process in running]
        finally:
            for process in running:
                process.terminate()
        if any(statuses):
            raise SystemExit(f"{target.name}: the tests could not be run (exit statuses {statuses}); see above")


def _read(folder: Path, target: Target) -> dict[Change, dict[str, Any]]:
    """What became of each mutant when it was tried last, whatever number of processes did."""
    lines = [line for report in sorted(folder.glob(f"{target.name}-*.jsonl")) for line in report.open(encoding="utf-8")]
    told = sorted(map(json.loads, lines), key=lambda one: one["at"])
    return {(one["file"], one["was"], one["becomes"]): one for one in told}


def _report(target: Target, tried: list[dict[str, Any]], alive: list[dict[str, Any]], known: Collection[Change]) -> str:
    lines = [f"{target.name}: tried / killed / of these no statement / explained / alive"]
    for file in target.files:
        here = [one for one in tried if one["file"] == file]
        survivors = sum(one["file"] == file for one in alive)
        invalid = sum(one["killer"] == NO_STATEMENT for one in here)
        reasoned = sum(each == file for each, _, _ in known)
        lines.append(f"  {file}: {len(here)} / {len(here) - survivors} / {invalid} / {reasoned} / {survivors}")
    for one in alive:
        met, able = one["tests"]
        lines += [f"{one['file']}:{one['line']}: alive after {met} of {able} tests", one["was"], one["becomes"], ""]
    return "\n".join(lines) + "\n"


def main() -> int:
    """The program."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # ends the tests too
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(each.name for each in TARGETS)}; none: all")
    parser.add_argument("--only", action="append", help="only files whose name contains this; may be given again")
    parser.add_argument("--jobs", type=int, help="processes; else two where the machine is quiet, and one otherwise")
    parser.add_argument("--keep", type=Path, help="a folder for the reports: a run that was broken off goes on there")
    parser.add_argument("--most-tests", type=int, help="a first look: tests a mutant, the likeliest first")
    parser.add_argument("-k", dest="chosen", default="", help="only these tests, as pytest's -k takes them")
    parser.add_argument("--again", action="store_true", help="also what was killed before: is it still?")
    options = parser.parse_args()
    known, unexplained = explained(), 0
    jobs = options.jobs or (2 if os.getloadavg()[0] < QUIET else 1)
    with tempfile.TemporaryDirectory(prefix="trueup-mutation-") as scratch:
        folder = options.keep or Path(scratch)
        attempt = Run(folder, jobs, options.only or [], options.most_tests, options.chosen, options.again)
        for target in TARGETS:
            if options.groups and target.name not in options.groups:
                continue
            tried = attempt.of(target, known).values()
            alive = [one for one in tried if one["killer"] is None]
            unexplained += len(alive)
            report = _report(target, list(tried), alive, known)
            (folder / f"{target.name}-survivors.txt").write_text(report, encoding="utf-8")
            print(report)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
