"""The budgets, each measured against its floor in one run: `python -m benchmarks [NAME ...] [--rows N] [--runs N]`."""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import emulator, feeds, push_levels, refresh_targets, reset_file, strategies

BENCHMARKS = {
    "reset_file": reset_file.measure,
    "feeds": feeds.measure,
    "emulator": emulator.measure,
    "refresh_targets": refresh_targets.measure,
    "strategies": strategies.measure,
    "push_levels": push_levels.measure,
}
"""What is run if nothing is named."""

SINGLE_FEEDS = {name: partial(feeds.measure, names=(name,)) for name in feeds.KINDS}
"""The feeds one by one."""


def main() -> int:
    """Run the benchmarks; the exit status says whether all budgets were kept."""
    known = BENCHMARKS | SINGLE_FEEDS
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(known)}; the first {len(BENCHMARKS)} if none is named"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the largest file")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs; the median counts")
    options = parser.parse_args()
    if unknown := set(options.names) - known.keys():
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there is {', '.join(known)}")
    kept = True
    for name in options.names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
            Path(folder).chmod(0o755)
            kept &= known[name](Path(folder), options.rows, options.runs)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
