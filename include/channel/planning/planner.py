"""Plans what must move: target less position, for every level where that is not zero and nothing is under way."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from include.channel.delivery import outbox
from include.channel.planning import breaker
from include.channel.planning.breaker import Thresholds, Vanishing
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.inventory import MOST_ROWS
from include.stock.atp import online_atp

if TYPE_CHECKING:
    from pandas import DataFrame

logger = logging.getLogger(__name__)

COLUMNS = ("sku", "product_id", "inventory_item_id", "location", "target", "position", "delta", "reason")
"""Of a plan as a table."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and what becomes of it; with no rows, there is no such plan.

    Attributes:
        batches: Its batches in the order in which they will be sent.
        rows: Levels that it changes.
        held_because: Why it waits for approval, or None.
        transport: `DIRECT` or `BULK`, and why.
    """

    outbox_plan_id: int | None = None
    batches: tuple[int, ...] = ()
    rows: int = 0
    units_up: int = 0
    units_down: int = 0
    held_because: str | None = None
    transport: str = "DIRECT"
    transport_reason: str = ""


def plan(
    connection: Connection,
    shop_id: str,
    location_ids: Sequence[str] | None = None,
    *,
    with_held: bool = False,
) -> list[int]:
    """Freeze batches for all levels of a shop that differ from their target, as `make` does.

    Returns:
        The ids of the new batches that may be sent, at most 250 rows each; none if the plan waits for approval.
    """
    made = make(connection, shop_id, location_ids, with_held=with_held)
    return [] if made.held_because else list(made.batches)


def make(
    connection: Connection,
    shop_id: str,
    location_ids: Sequence[str] | None = None,
    *,
    with_held: bool = False,
) -> Plan:
    """Freeze batches for all levels of a shop that differ from their target. All sync jobs share it.

    Planning twice plans nothing the second time: a level under way is not planned again until it is settled.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        location_ids: The only locations to plan for; see `scope.locations`. None: all of them.
        with_held: Whether also what the delta push leaves alone: products of a held category, and quantities that were
            held back by their reason or with a rejected plan.

    Returns:
        The plan. If it is abnormal, its batches wait as `HELD`, see `breaker`.
    """
    with connection.transaction():
        _choose(connection, shop_id, location_ids, with_held=with_held)
        sums = _sums(connection, shop_id)
        if not sums["plan_rows"]:
            return Plan()
        because = _held_because(connection, shop_id, sums)
        transport, why = _transport(sums)
        row = connection.execute(
            statement(__file__, "note_plan"),
            sums | {"shop_id": shop_id, "held_because": because, "transport": transport, "transport_reason": why},
        ).fetchone()
        assert row is not None
        batches = outbox.freeze(connection, shop_id, "HELD" if because else "PLANNED", transport)
    made = Plan(
        row[0], tuple(batches), sums["plan_rows"], sums["units_up"], sums["units_down"], because, transport, why
    )
    logger.info("shop %s: plan %s: %s rows by %s (%s)", shop_id, made.outbox_plan_id, made.rows, transport, why)
    if because:
        logger.warning("shop %s: plan %s waits for approval: %s", shop_id, made.outbox_plan_id, because)
    return made


def preview(
    connection: Connection,
    shop_id: str,
    location_ids: Sequence[str] | None = None,
    *,
    with_held: bool = False,
) -> "tuple[DataFrame, str | None]":
    """What `make` would plan now, the largest change first; nothing is kept of it.

    Returns:
        A table with `COLUMNS`, and why the plan would wait for approval, or None.
    """
    import pandas as pd

    with connection.transaction(force_rollback=True):
        _choose(connection, shop_id, location_ids, with_held=with_held)
        because = _held_because(connection, shop_id, _sums(connection, shop_id))
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement(__file__, "select_chosen"), {"shop_id": shop_id}).fetchall()
    return pd.DataFrame(rows, columns=list(COLUMNS)), because


def _choose(connection: Connection, shop_id: str, location_ids: Sequence[str] | None, *, with_held: bool) -> None:
    shop: dict[str, Any] = {"shop_id": shop_id}
    online_atp.take_turn(connection)
    outbox.open_for_choosing(connection)
    connection.execute(statement(__file__, "end_releases"), shop)
    rows = connection.execute(statement(__file__, "take_ledger_rows"), shop).fetchone()
    if rows is None:
        raise LookupError(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    already, newest = rows
    connection.execute(statement(__file__, "note_changes"), shop | {"already": already, "newest": newest})
    # Else the planner takes a handful of rows for a thousand, and reads through all levels of a small catalogue.
    connection.execute(b"ANALYZE changed_level")
    connection.execute(statement(__file__, "hold_back"), shop)
    connection.execute(
        statement(__file__, "choose_rows"),
        shop
        | {
            "rows_per_batch": MOST_ROWS,
            "location_ids": None if location_ids is None else list(location_ids),
            "with_held": with_held,
        },
    )
    connection.execute(b"ANALYZE chosen_row")
    connection.execute(statement(__file__, "keep_reasons"), shop)


def _sums(connection: Connection, shop_id: str) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        sums = cursor.execute(statement(__file__, "sum_chosen"), {"shop_id": shop_id}).fetchone()
    assert sums is not None
    return sums


def _held_because(connection: Connection, shop_id: str, sums: dict[str, Any]) -> str | None:
    if sums["plan_rows"] < sums["approval_least_rows"]:
        return None
    rows = connection.execute(statement(__file__, "sum_vanishing"), {"shop_id": shop_id})
    thresholds = Thresholds(
        sums["approval_least_rows"],
        float(sums["approval_share"]),
        float(sums["approval_location_share"]),
        float(sums["approval_rows_factor"]),
    )
    return breaker.judge(sums["plan_rows"], sums["usual_rows"], [Vanishing(*row) for row in rows], thresholds)


def _transport(sums: dict[str, Any]) -> tuple[str, str]:
    """By which way the rows go, and why. Direct calls are faster up to several 100,000 rows, and say at once."""
    rows, least = sums["plan_rows"], sums["bulk_least_rows"]
    if sums["transport"] != "AUTO":
        return sums["transport"], f"the shop's transport is set to {sums['transport']}"
    if rows >= least:
        return "BULK", f"{rows:,} rows, and from {least:,} on a file is used (bulk_least_rows)"
    return "DIRECT", f"{rows:,} rows: calls of {MOST_ROWS} are faster below {least:,} (bulk_least_rows)"
