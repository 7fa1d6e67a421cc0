"""Which runs restocks need: one for each, which waits from a day before its moment on.

The scheduler of runs may lose one, or a run may fail. So what was started is written down before it is, and whoever
sweeps asks what became of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from include.db.connection import Connection
from include.db.sql import statement

LEAD = timedelta(hours=24)
"""How long before its moment a restock's run starts: time enough to put right what it finds wrong."""

SHORTEST_PAUSE = timedelta(minutes=15)
"""Between two runs of one restock, the first of which has failed."""

OVERDUE_AFTER = timedelta(minutes=5)
"""How long after its moment a restock that was not received is reported."""

MOST_NAMED = 10
"""Products that are named one by one."""


class State(Enum):
    """What became of a run."""

    ALIVE = "queued or running"
    ENDED = "ended"
    MISSING = "never started"


@dataclass(frozen=True, slots=True)
class RestockRun:
    """A run to start for a restock. `run_id` makes it this one: it may be started again without harm."""

    shipment_id: str
    run_id: str


def claim_runs(connection: Connection, now: datetime, state: Callable[[str], State]) -> list[RestockRun]:
    """Say which runs to start: for each restock whose moment comes within `LEAD`, unless it has one that is alive.

    A run that ended and left its restock waiting has failed: another one follows after a quarter of the time that is
    left, at least `SHORTEST_PAUSE`. Their numbers are committed here, before anybody starts anything.

    Args:
        connection: Trueup's database, outside a transaction.
        now: The present.
        state: Tells what became of a run.

    Returns:
        The runs, the earliest restock first.
    """
    wanted: list[RestockRun] = []
    waiting = connection.execute(statement(__file__, "select_waiting_restocks"), {"until": now + LEAD}).fetchall()
    for shipment_id, _, scheduled_at, number, started_at in waiting:
        last = state(run_id(shipment_id, number)) if number else State.ENDED
        if last is State.ALIVE or (last is State.ENDED and started_at and now < _may_follow(started_at, scheduled_at)):
            continue
        claimed = number if last is State.MISSING else number + 1
        parameters = {"shipment_id": shipment_id, "number": number, "claimed": claimed, "now": now}
        if connection.execute(statement(__file__, "claim_restock_run"), parameters).rowcount:
            wanted.append(RestockRun(shipment_id, run_id(shipment_id, claimed)))
    return wanted


def run_id(shipment_id: str, number: int) -> str:
    """The id of a restock's run."""
    return f"restock__{shipment_id}__{number}"


def overdue(connection: Connection, now: datetime) -> list[str]:
    """Tell of restocks that should have been received `OVERDUE_AFTER` ago, a sentence each, with what to do."""
    late = connection.execute(statement(__file__, "select_waiting_restocks"), {"until": now - OVERDUE_AFTER}).fetchall()
    return [
        f"restock {name!r} (shipment {shipment_id}) was to be received at {scheduled_at:%Y-%m-%d %H:%M:%S %Z} and was"
        f" not. Its last run is {run_id(shipment_id, number) if number else 'none'} of schedule_restock: put right what"
        " its log says, unpause schedule_restock if it is paused, then trigger it with this shipmentId"
        for shipment_id, name, scheduled_at, number, _ in late
    ]


def not_shown(connection: Connection, shipment_id: str) -> list[str]:
    """Tell why the shop will not show all of a restock at its moment, a sentence each; empty if it will."""
    row = connection.execute(statement(__file__, "find_unshown_items"), {"shipment_id": shipment_id}).fetchone()
    if row is None:
        return []
    facility_id, shop_id, missing, is_sold_from = row
    told = []
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        told.append(
            f"shop {shop_id} does not have the products {', '.join(missing[:MOST_NAMED])}{more}: map them in"
            " shopify_shop_product, or take them out of the restock"
        )
    if not is_sold_from:
        told.append(
            f"no location of shop {shop_id} sells from facility {facility_id}: add it to a group of"
            " inventory_channel, or schedule the restock for another facility"
        )
    return told


def _may_follow(started_at: datetime, scheduled_at: datetime) -> datetime:
    """When another run may follow one that failed."""
    return started_at + max(SHORTEST_PAUSE, (scheduled_at - started_at) / 4)
