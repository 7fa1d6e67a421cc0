"""The circuit breaker: a plan that looks like an accident waits for somebody instead of reaching the store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.stock.atp import online_atp


class NotHeld(NeedsAction):
    """The plan does not wait for approval: there is none, or it was decided on before."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A shop's settings, see the table `shopify_shop`.

    Attributes:
        least_rows: A plan of fewer rows never waits.
        share: Of the units that the whole shop shows, which may vanish at most.
        location_share: Of the units that one location shows.
        rows_factor: How many times the usual rows a plan may have.
    """

    least_rows: int
    share: float
    location_share: float
    rows_factor: float


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Units that a location shows, and how many of them a plan takes away."""

    location_id: str
    shown: int
    vanishing: int


@dataclass(frozen=True, slots=True)
class HeldPlan:
    """A plan that waits for approval."""

    outbox_plan_id: int
    shop_id: str
    rows: int
    units_up: int
    units_down: int
    held_because: str


def judge(rows: int, usual_rows: float | None, vanishing: Sequence[Vanishing], thresholds: Thresholds) -> str | None:
    """Why a plan has to wait, if it has to.

    Args:
        rows: Its rows.
        usual_rows: The median of the plans before it, or None while there are too few.
        vanishing: What it takes away, by location.
        thresholds: The shop's settings.
    """
    if rows < thresholds.least_rows:
        return None
    why = []
    if usual_rows is not None and rows > thresholds.rows_factor * usual_rows:
        why.append(f"{rows:,} rows, more than {thresholds.rows_factor:g} times the usual {usual_rows:,.0f}")
    shown, lost = sum(each.shown for each in vanishing), sum(each.vanishing for each in vanishing)
    if lost > thresholds.share * shown:
        why.append(f"{lost:,} of the shop's {shown:,} units would vanish, more than {thresholds.share:.0%}")
    why += [
        f"{each.vanishing:,} of the {each.shown:,} units at {each.location_id} would vanish, more than"
        f" {thresholds.location_share:.0%}: an empty snapshot?"
        for each in vanishing
        if each.vanishing >= thresholds.least_rows and each.vanishing > thresholds.location_share * each.shown
    ]
    return "; ".join(why) or None


def held(connection: Connection) -> list[HeldPlan]:
    """The plans that wait for approval, oldest first."""
    rows = connection.execute(
        b"SELECT outbox_plan_id, shop_id, plan_rows, units_up, units_down, held_because FROM outbox_plan"
        b" WHERE status_id = 'HELD' ORDER BY outbox_plan_id"
    )
    return [HeldPlan(*row) for row in rows]


def claim(connection: Connection, run_id: str, is_alive: Callable[[str], bool]) -> list[HeldPlan]:
    """The plans that a run is to ask about: all that wait, but for those that another run is asking about.

    Args:
        connection: Trueup's database, outside a transaction.
        run_id: The run.
        is_alive: Whether another run is still under way.

    Returns:
        The plans, oldest first; the same if the run claims again.
    """
    with connection.transaction():
        rows = connection.execute(
            b"SELECT outbox_plan_id, asked_by_run FROM outbox_plan WHERE status_id = 'HELD' FOR UPDATE"
        ).fetchall()
        free = {plan_id for plan_id, asker in rows if asker in (None, run_id) or not is_alive(asker)}
        connection.execute(statement(__file__, "claim_held"), {"run_id": run_id, "plan_ids": list(free)})
        return [plan for plan in held(connection) if plan.outbox_plan_id in free]


def approve(connection: Connection, outbox_plan_id: int, decided_by: str) -> int:
    """Let a plan go: its batches are sent with the next delivery, as they are.

    Args:
        connection: Trueup's database, outside a transaction.
        outbox_plan_id: The plan.
        decided_by: Who has decided.

    Returns:
        The number of its batches.

    Raises:
        NotHeld: It does not wait.
    """
    return _decide(connection, outbox_plan_id, decided_by, approved=True)


def reject(connection: Connection, outbox_plan_id: int, decided_by: str) -> int:
    """Drop a plan: what it would have pushed is held back until a hard sync; later changes of its rows are pushed.

    Args, returns and raises as `approve`.
    """
    return _decide(connection, outbox_plan_id, decided_by, approved=False)


def _decide(connection: Connection, outbox_plan_id: int, decided_by: str, *, approved: bool) -> int:
    with connection.transaction():
        online_atp.take_turn(connection)
        row = connection.execute(
            statement(__file__, "decide_plan"),
            {"outbox_plan_id": outbox_plan_id, "decided_by": decided_by, "approved": approved},
        ).fetchone()
    if row is None:
        raise NotHeld(f"plan {outbox_plan_id} does not wait for approval; the table outbox_plan says what became of it")
    batches: int = row[0]
    return batches
