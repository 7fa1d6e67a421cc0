"""Processes that play stories."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue

from tests.simulation import run, servers, shrink, story
from tests.simulation.run import Verdict
from tests.simulation.servers import Servers

SECONDS_BETWEEN_LOOKS = 5.0


@dataclass
class Played:
    """One seed: what was met, and a report if it failed. The seed is None for a process that broke down itself."""

    seed: int | None
    hits: Counter[str] = field(default_factory=Counter)
    report: str = ""


def play_all(seeds: range, jobs: int, seconds: float) -> Iterator[Played]:
    """Let some processes play the seeds, each with servers of its own: a seed's run is the same in any of them."""
    context = multiprocessing.get_context("spawn")
    waiting: Queue[int | None] = context.Queue()
    done: Queue[Played | None] = context.Queue()
    for seed in (*seeds, *[None] * jobs):
        waiting.put(seed)
    players = [context.Process(target=_play, args=(waiting, done, seconds)) for _ in range(jobs)]
    for player in players:
        player.start()
    try:
        yield from _all_played(players, done)
    finally:  # also where somebody has seen enough: their servers end with them
        for player in players:
            player.terminate()
            player.join()


def _all_played(players: list[SpawnProcess], done: Queue[Played | None]) -> Iterator[Played]:
    left = len(players)
    while left:
        try:
            played = done.get(timeout=SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            if not any(player.is_alive() for player in players):
                yield Played(None, report="the processes that play seeds have ended before they were done")
                return
            continue
        if played is None:
            left -= 1
        else:
            yield played
    for player in players:
        player.join()


def _play(waiting: Queue[int | None], done: Queue[Played | None], seconds: float) -> None:
    """Play seeds until there are none left."""
    logging.disable(logging.CRITICAL)  # jobs that die and faults that strike are the order of the day here
    try:
        with servers.folder() as folder, servers.running(folder) as running:
            while (seed := waiting.get()) is not None:
                verdict = run.play(running, story.tell(seed))
                done.put(Played(seed, verdict.hits, report(running, verdict, seconds) if verdict.objections else ""))
    except Exception:
        done.put(Played(None, report=f"a process that played seeds broke down:\n{traceback.format_exc()}"))
    finally:
        done.put(None)


def report(running: Servers, verdict: Verdict, seconds: float) -> str:
    """A story that fails, as short as it can be made in so many seconds, and how to play it again."""
    kind = verdict.objections[0].partition(":")[0]

    def fails(shorter: story.Story) -> bool:
        return any(each.startswith(f"{kind}:") for each in run.play(running, shorter).objections)

    shortest = shrink.shorten(verdict.story, fails, seconds)
    objections = run.play(running, shortest).objections or verdict.objections
    again = f"python -m tests.simulation --seed {verdict.story.seed}"
    return "\n".join([str(shortest), *(f"  -> {each}" for each in objections), f"  again: {again}", ""])
