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
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.mutation.mutant import PROJECT, Change
from tests.mutation.targets import TARGETS, Target

EXPLAINED = Path(__file__).with_name("explained.toml")


def explained() -> dict[Change, str]:
    """Why a change makes no difference that a test could see, by file and by the line before and after it."""
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["explained"]
    return {(one["file"], one["was"], one["becomes"]): one["why"] for one in entries}


def run(target: Target, files: list[str], jobs: int, folder: Path, known: Collection[Change]) -> list[dict[str, Any]]:
    """Try all mutants of some files of a group but those that are explained; returns what became of each.

    What the folder's reports tell already is not tried again.

    Raises:
        SystemExit: The tests fail without any change, or the tests themselves could not be run.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.plugin", "-k", target.but, *target.tests]
    folder.mkdir(parents=True, exist_ok=True)
    reports = [folder / f"{target.name}-{share}.jsonl" for share in range(jobs)]
    told = {(one["file"], one["was"], one["becomes"]) for one in _read(reports)}
    running = []
    for share, report in enumerate(reports):
        wanted = {"files": files, "report": str(report), "share": [share, jobs], "skipped": sorted(told.union(known))}
        running.append(subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "MUTATION": json.dumps(wanted)}))
    try:
        statuses = [process.wait() for process in running]
    finally:
        for process in running:
            process.terminate()
    if any(statuses):
        raise SystemExit(f"{target.name}: the tests could not be run (exit statuses {statuses}); see above")
    return _read(reports)


def _read(reports: list[Path]) -> list[dict[str, Any]]:
    lines = [line for report in reports if report.exists() for line in report.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def main() -> int:
    """The program."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # ends the tests too
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(each.name for each in TARGETS)}; none: all")
    parser.add_argument("--only", action="append", help="only files whose name contains this; may be given again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one a core)")
    parser.add_argument("--keep", type=Path, help="a folder for the reports: a run that was broken off goes on there")
    options = parser.parse_args()
    known, unexplained = explained(), 0
    with tempfile.TemporaryDirectory(prefix="trueup-mutation-") as scratch:
        folder = options.keep or Path(scratch)
        for target in TARGETS:
            files = [file for file in target.files if any(part in file for part in options.only or [""])]
            if not files or (options.groups and target.name not in options.groups):
                continue
            tried = run(target, files, options.jobs, folder, known)
            alive = [one for one in tried if one["killer"] is None]
            unexplained += len(alive)
            reasoned = sum(file in files for file, _, _ in known)
            print(
                f"\n{target.name}: {len(tried) - len(alive)} mutants killed, {reasoned} explained, {len(alive)} alive"
            )
            for one in alive:
                print(f"  {one['file']}:{one['line']}\n      {one['was']}\n      {one['becomes']}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
