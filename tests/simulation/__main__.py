"""Play stories: `python -m tests.simulation [--seeds N] [--seed K]`; ends with 1 if the auditor objects to any."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.simulation import run, servers, shrink, story
from tests.simulation.hits import KINDS, never_hit
from tests.simulation.run import Verdict
from tests.simulation.servers import Servers

ENOUGH = 100
"""Seeds in which every kind of mishap is to be met."""


def main(arguments: list[str] | None = None) -> int:
    """Play the seeds from `--seed` on; print each story that fails, as short as it can be made, and what was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to play (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument(
        "--shrink", type=float, default=60.0, help="seconds to shorten a story that fails (default: 60)"
    )
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # jobs that die and faults that strike are the order of the day here
    hits: Counter[str] = Counter()
    failed = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trueup-simulation-") as folder:
        Path(folder).chmod(0o755)
        with servers.running(Path(folder)) as running:
            for seed in range(options.seed, options.seed + options.seeds):
                verdict = run.play(running, story.tell(seed))
                hits += verdict.hits
                if verdict.objections:
                    failed.append(seed)
                    print(report(running, verdict, options.shrink), flush=True)
    return _sum_up(options.seeds, failed, hits, time.monotonic() - started)


def report(running: Servers, verdict: Verdict, seconds: float) -> str:
    """A story that fails, as short as it can be made in so many seconds, and how to play it again."""
    kind = verdict.objections[0].partition(":")[0]

    def fails(shorter: story.Story) -> bool:
        return any(each.startswith(f"{kind}:") for each in run.play(running, shorter).objections)

    shortest = shrink.shorten(verdict.story, fails, seconds)
    objections = run.play(running, shortest).objections or verdict.objections
    again = f"python -m tests.simulation --seed {verdict.story.seed}"
    return "\n".join([str(shortest), *(f"  -> {each}" for each in objections), f"  again: {again}", ""])


def _sum_up(seeds: int, failed: list[int], hits: Counter[str], seconds: float) -> int:
    width = max(map(len, (*KINDS, *hits)))
    for kind in sorted({*KINDS, *hits}):
        print(f"{kind:{width}} {hits[kind]:>7,}")
    missed = never_hit(hits) if seeds >= ENOUGH else []
    print(f"{seeds} seeds in {seconds:.0f} s; failed: {', '.join(map(str, failed)) or 'none'}")
    if missed:
        print(f"never met: {', '.join(missed)}. A run that does not meet them proves nothing of them: see story.py")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
