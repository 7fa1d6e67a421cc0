"""Each process of ours is killed with SIGKILL while files come in and customers buy, and nobody does a thing about it.

A task, the scheduler, the triggerer, the dag-processor, the api-server and Postgres, in an order and at moments that a
seed decides, while the shop tells of each sale by webhook. What a killed process leaves undone is done by whoever
comes next: in the end Shopify shows the numbers of the last file less what was sold, no file and no row has counted
twice, and no run is left hanging.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from include.db.connection import Connection, connect
from include.sandbox import reaper, retailer, story
from include.sandbox.process import SandboxError
from include.sandbox.world import World
from include.stock import ledger
from tests.e2e import steps
from tests.e2e.demo_process import Demo, wait_for

SEEDS = [int(seed) for seed in os.environ.get("KILL_SEED", "1").split(",")]
"""`KILL_SEED=7,8 pytest tests/e2e/test_killed_processes.py` kills in other orders, at other moments."""

TASK = "a task"
SERVERS = ("airflow scheduler", "airflow triggerer", "airflow dag-processor", "airflow api-server", "postgres")

ROWS = 6
SHORTEST_MOMENT, LONGEST_MOMENT = 1.0, 5.0
"""Seconds between a file's arrival and the next kill; the names of files tell seconds."""

LONGEST_RECOVERY = 600.0
"""Seconds. A task that was killed is tried again after a minute; one whose scheduler was, after half of one. On a busy
machine the api-server alone may take more than a minute to start, and tasks that begin meanwhile are tried again."""

NOBODY_ANSWERS = (httpx.TransportError, psycopg.OperationalError, SandboxError)
"""What whoever looks at the demo runs into while a process is away."""


@dataclass
class Chaos:
    """The demo while its processes are killed, and what it should come to in the end."""

    demo: Demo
    world: World
    units: steps.Units
    dice: random.Random
    files: list[str] = field(default_factory=list)
    sold: Counter[str] = field(default_factory=Counter)

    def disturb(self, victim: str) -> None:
        """A file comes in and a customer buys; at some moment after that a process is killed."""
        self.drop(victim.rpartition(" ")[2])
        self.sell()
        time.sleep(self.dice.uniform(SHORTEST_MOMENT, LONGEST_MOMENT))
        wait_for(f"the end of {victim}", lambda: self.kill(victim), LONGEST_RECOVERY)

    def kill(self, victim: str) -> bool:
        """Send SIGKILL; tells whether anybody was there to get it, as a task may have ended in that very moment."""
        try:
            os.kill(self.task() if victim == TASK else self.demo.children()[victim], signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def drop(self, label: str) -> None:
        """A file with a few changes more than the one before."""
        self.units |= steps.some_changes(self.units, ROWS, start=self.dice.randrange(len(retailer.products()) - ROWS))
        self.files.append(steps.drop(self.world, f"killed-{label}", story.reset_file(self.units)))

    def sell(self) -> None:
        """One unit of something that is for sale online."""
        shown = story.numbers(self.world.emulator)
        product = self.dice.choice(
            [each for each in retailer.products() if shown[each.inventory_item_id, retailer.ONLINE_LOCATION] > 1]
        )
        line = {"inventoryItemId": product.inventory_item_id, "locationId": retailer.ONLINE_LOCATION, "quantity": 1}
        self.world.emulator.place_order([line])
        self.sold[product.product_id] += 1

    def task(self) -> int:
        """The process of some task that runs; waits for one."""
        found: list[int] = []

        def one_runs() -> bool:
            running = _instances(self.world, state="running")
            pids = [one["pid"] for one in running if one["pid"] and reaper.born_at(one["pid"])]
            found.extend(pid for pid in pids if steps.is_of_the_scheduler(pid, self.world))
            return bool(found)

        wait_for("a task to run", _if_answered(one_runs), LONGEST_RECOVERY)
        return self.dice.choice(found)

    def look(self, question: Callable[[Connection], bool]) -> Callable[[], bool]:
        """A question to the database, over a connection of its own: the one before may be dead."""

        def ask() -> bool:
            with connect(self.world.dsn_oms) as oms:
                return question(oms)

        return _if_answered(ask)


def _if_answered(question: Callable[[], bool]) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return question()
        except NOBODY_ANSWERS:
            return False

    return ask


def _instances(world: World, **which: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.airflow.get("/dags/~/dagRuns/~/taskInstances", limit=1000, **which)[
        "task_instances"
    ]
    return found


def _queue(oms: Connection) -> dict[str, int]:
    """Units of each product that online orders wait for."""
    rows = oms.execute(
        b"SELECT product_id, (-available_to_promise_total)::integer FROM inventory_item WHERE facility_id = %s",
        [retailer.ONLINE_QUEUE],
    )
    return {row[0]: row[1] for row in rows}


def _hanging(world: World, since: datetime) -> list[str]:
    """The runs from before a moment that have not ended, and of which no task waits for a file in the triggerer.

    Nor that of the run before it, behind which a DAG of one run at a time queues.
    """
    waiting = {(one["dag_id"], one["dag_run_id"]) for one in _instances(world, state="deferred")}
    waited_for = {dag_id for dag_id, _ in waiting}
    path = "/dags/~/dagRuns"
    open_runs = [
        one
        for state, excused in (("queued", waited_for), ("running", set[str]()))
        for one in world.airflow.get(path, state=state, limit=1000)["dag_runs"]
        if one["dag_id"] not in excused
    ]
    return [
        f"{one['dag_id']}, {one['dag_run_id']}: {one['state']}"
        for one in open_runs
        if datetime.fromisoformat(one["run_after"]) < since and (one["dag_id"], one["dag_run_id"]) not in waiting
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_killed_it_all_comes_right_by_itself(demo: Demo, told: World, oms: Connection, seed: int) -> None:
    world = told
    shown, queued, history = story.numbers(world.emulator), _queue(oms), len(world.emulator.history())
    before, ledger_before = steps.stock(oms), ledger_rows(oms)
    chaos = Chaos(demo, world, steps.stock(oms), random.Random(seed))
    victims = [TASK, *SERVERS]
    chaos.dice.shuffle(victims)
    story_told = f"KILL_SEED={seed}: {', '.join(victims)}"
    for victim in victims:
        chaos.disturb(victim)
    last_kill = datetime.now(UTC)
    chaos.drop("afterwards")

    names = chaos.files
    wait_for(
        f"{story_told}: all files filed away",
        chaos.look(lambda now: all(any(log["filed_away"] for log in steps.logs_of(now, name)) for name in names)),
        LONGEST_RECOVERY,
    )
    wait_for(f"{story_told}: all parts well", _if_answered(lambda: not world.airflow.unhealthy()), LONGEST_RECOVERY)
    wanted_queue = {product: queued.get(product, 0) + units for product, units in chaos.sold.items()}
    world.airflow.trigger("import_shopify_orders")
    wait_for(
        f"{story_told}: the orders imported",
        chaos.look(lambda now: {product: _queue(now).get(product, 0) for product in wanted_queue} == wanted_queue),
        LONGEST_RECOVERY,
    )
    wait_for(f"{story_told}: rest", chaos.look(steps.is_at_rest), LONGEST_RECOVERY)

    with connect(world.dsn_oms) as now:
        assert steps.stock(now) == chaos.units
        assert ledger.out_of_balance(now) == []
        (messages,) = now.execute(b"SELECT count(*) FROM shopify_webhook").fetchone() or (0,)
        assert messages, "the shop has told of what was sold, and none of its messages waits any more"
        assert story.numbers(world.emulator) == steps.promised(now, chaos.units)
        assert [steps.logs_of(now, name)[-1]["status_id"] for name in names] == ["FINISHED"] * len(names)
        posted = Counter[tuple[str, str]]()
        for pair, units in ledger_rows(now)[len(ledger_before) :]:
            posted[pair] += units
        assert {pair: units for pair, units in posted.items() if units} == {
            pair: units - before[pair] for pair, units in chaos.units.items() if units != before[pair]
        }
    _assert_applied_once(chaos, shown, history)
    wait_for(
        f"{story_told}: no run hanging: {_hanging(world, last_kill)}",
        lambda: not _hanging(world, last_kill),
        LONGEST_RECOVERY,
    )


def ledger_rows(oms: Connection) -> list[tuple[tuple[str, str], int]]:
    """What each ledger row has moved in a physical facility, oldest first."""
    rows = oms.execute(
        b"SELECT product_id, facility_id, available_to_promise_diff::integer FROM inventory_item_detail"
        b" WHERE facility_id <> %s ORDER BY inventory_item_detail_id",
        [retailer.ONLINE_QUEUE],
    )
    return [((row[0], row[1]), row[2]) for row in rows]


def _assert_applied_once(chaos: Chaos, shown: story.Numbers, history: int) -> None:
    """No row of a batch has reached Shopify twice, and what has adds up, with the sales, to what it shows."""
    since = [one for one in chaos.world.emulator.history()[history:] if one["kind"] == "adjust"]
    sent = Counter((one["referenceDocumentUri"], one["inventoryItemId"], one["locationId"]) for one in since)
    assert set(sent.values()) == {1}, "a row of a batch was applied twice"
    expected = Counter(shown)
    for one in since:
        expected[one["inventoryItemId"], one["locationId"]] += one["delta"]
    items = {each.product_id: each.inventory_item_id for each in retailer.products()}
    for product, units in chaos.sold.items():
        expected[items[product], retailer.ONLINE_LOCATION] -= units
    assert story.numbers(chaos.world.emulator) == dict(expected)
