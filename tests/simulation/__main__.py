"""Play stories: `python -m tests.simulation [--seeds N] [--seed K]`; ends with 1 if the auditor objects to any."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from contextlib import suppress

from tests.simulation import players
from tests.simulation.hits import KINDS, never_hit

ENOUGH = 250
"""Seeds in which every kind of mishap is to be met."""


def main(arguments: list[str] | None = None) -> int:
    """Play the seeds from `--seed` on; print each story that fails, as short as it can be made, and what was met.

    Interrupted, it tells what was met by then.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to play (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes play them (default: 1)")
    parser.add_argument(
        "--shrink", type=float, default=60.0, help="seconds to shorten a story that fails (default: 60)"
    )
    options = parser.parse_args(arguments)
    hits: Counter[str] = Counter()
    failed = []
    started, played_seeds = time.monotonic(), 0
    with suppress(KeyboardInterrupt):
        for played in players.play_all(range(options.seed, options.seed + options.seeds), options.jobs, options.shrink):
            hits += played.hits
            played_seeds += 1
            if played.report:
                failed.append(played.seed)
                print(played.report, flush=True)
    has_failed = sum_up(played_seeds, failed, hits, time.monotonic() - started)
    return has_failed or int(played_seeds < options.seeds)


def sum_up(seeds: int, failed: list[int | None], hits: Counter[str], seconds: float) -> int:
    """Print how often each kind of mishap was met, and what failed; returns 1 if anything did."""
    width = max(map(len, (*KINDS, *hits)))
    for kind in sorted({*KINDS, *hits}):
        print(f"{kind:{width}} {hits[kind]:>7,}")
    missed = never_hit(hits) if seeds >= ENOUGH else []
    print(f"{seeds} seeds in {seconds:.0f} s; failed: {', '.join(map(str, failed)) or 'none'}")
    if missed:
        print(f"never met: {', '.join(missed)}. A run that does not meet them proves nothing of them: see story.py")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
