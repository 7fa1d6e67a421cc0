"""The budgets, each measured against its floor in one run: `python -m benchmarks [--rows N] [--runs N]`."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import reset_file


def main() -> int:
    """Run the benchmarks; the exit status says whether all budgets were kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the reset file")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs; the median counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        Path(folder).chmod(0o755)
        return 0 if reset_file.measure(Path(folder), options.rows, options.runs) else 1


if __name__ == "__main__":
    sys.exit(main())
