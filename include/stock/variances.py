"""What people find by hand, one product at one facility at a time: so many more or fewer, or a count.

HotWax's *record variance* of the Product Inventory View. A variance is added to both totals, with its reason; a count
sets quantity on hand, and what is reserved stays reserved. Whole files of them are the feeds MDM_INV_VARIANCE and
REC_INV_COUNT.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.stock import identify, ledger
from include.stock.orders import reservations


class VarianceRefused(NeedsAction):
    """What was found cannot be recorded as it was told; nothing was."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody has found. One of `quantity` and `counted` is given.

    Attributes:
        product: SKU, product id or another identification.
        facility: Id, external id or name of a store or warehouse.
        reason: A reason of `variance_reason`, such as VAR_DAMAGED.
        quantity: By how many units there are more (or, below zero, fewer) than Trueup knows.
        counted: How many there are on hand.
        comment: What is to be said about it.
        found_by: Who says so.
    """

    product: str
    facility: str
    reason: str
    quantity: Decimal | None = None
    counted: Decimal | None = None
    comment: str | None = None
    found_by: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a finding.

    Attributes:
        physical_inventory_id: Its number; ledger rows and `explain` name it.
        product_id: The product that was meant.
        facility_id: The facility.
        difference: By how much quantity on hand and ATP changed.
        quantity_on_hand: What is on hand since.
        is_repeated: It had been recorded before; nothing was done.
    """

    physical_inventory_id: int
    product_id: str
    facility_id: str
    difference: Decimal
    quantity_on_hand: Decimal
    is_repeated: bool = False


def record(connection: Connection, request_key: str, finding: Finding, now: datetime) -> Recorded:
    """Record a variance or a count and post it to the ledger, in a transaction of its own.

    Args:
        connection: Trueup's database.
        request_key: What makes it this finding, such as the run that records it: with the same key again nothing is
            done, so that a step that died after its commit can be repeated.
        finding: What was found.
        now: When it was found; with a count, later files about an earlier moment change nothing any more, and what is
            posted before the count gets its turn, about a later moment, stays. A variance is later than all snapshots
            that were applied, whatever the clocks of those who took them say: it changes what they made known.

    Raises:
        NotIdentified: There is no such product or facility; the message says what is nearby.
        VarianceRefused: The reason is not known, the numbers make no sense, or too few units are there.
    """
    with connection.transaction():
        ledger.open_for_posting(connection)
        if (known := _known(connection, request_key)) is not None:
            return known
        product_id, facility_id = _place(connection, finding)
        reason = _reason(connection, finding)
        on_hand, come_since = _on_hand(connection, product_id, facility_id, now)
        difference = _difference(finding, on_hand, come_since)
        if finding.counted is None:
            now = _after_snapshots(connection, product_id, facility_id, now)
        parameters = {
            "request_key": request_key,
            "product_id": product_id,
            "facility_id": facility_id,
            "variance_reason_id": reason,
            "counted": finding.counted,
            "difference": difference,
            "moment": now,
            "party_id": finding.found_by,
            "general_comments": (finding.comment or "").strip() or None,
        }
        row = connection.execute(statement(__file__, "record_physical_inventory"), parameters).fetchone()
        assert row is not None
        if finding.counted is not None:
            connection.execute(statement(__file__, "cover_counted"), parameters | {"physical_inventory_id": row[0]})
            reservations.reserve_and_issue(connection)
        ledger.post(connection, now)
        return Recorded(row[0], product_id, facility_id, difference, on_hand + difference)


def _known(connection: Connection, request_key: str) -> Recorded | None:
    row = connection.execute(statement(__file__, "find_physical_inventory"), {"request_key": request_key}).fetchone()
    return Recorded(row[0], row[1], row[2], row[3], row[4], is_repeated=True) if row else None


def _place(connection: Connection, finding: Finding) -> tuple[str, str]:
    product_id = identify.product(connection, finding.product)
    facility_id = identify.facility(connection, finding.facility, identify.STORES_AND_WAREHOUSES)
    if connection.execute(b"SELECT is_kit FROM product WHERE product_id = %s", [product_id]).fetchone() == (True,):
        raise VarianceRefused(
            f"product {product_id} is a kit: what it promises is computed from its components; expected one of these"
        )
    return product_id, facility_id


def _reason(connection: Connection, finding: Finding) -> str:
    rows = connection.execute(b"SELECT variance_reason_id FROM variance_reason ORDER BY 1").fetchall()
    known = [str(row[0]) for row in rows]
    reason = finding.reason.strip().upper()
    if reason not in known:
        raise VarianceRefused(
            f"reason {finding.reason!r}: no such reason in variance_reason; {identify.nearby(reason, known)}"
        )
    return reason


def _on_hand(connection: Connection, product_id: str, facility_id: str, moment: datetime) -> tuple[Decimal, Decimal]:
    parameters = {"product_id": product_id, "facility_id": facility_id, "moment": moment}
    row = connection.execute(statement(__file__, "stock_before"), parameters).fetchone()
    assert row is not None
    return row[0], row[1]


def _after_snapshots(connection: Connection, product_id: str, facility_id: str, moment: datetime) -> datetime:
    parameters = {"product_id": product_id, "facility_id": facility_id, "moment": moment}
    row = connection.execute(statement(__file__, "after_snapshots"), parameters).fetchone()
    assert row is not None
    after: datetime = row[0]
    return after


def _difference(finding: Finding, on_hand: Decimal, come_since: Decimal) -> Decimal:
    quantity, counted = finding.quantity, finding.counted
    if (quantity is None) == (counted is None):
        told = "both are given" if quantity is not None else "neither is given"
        raise VarianceRefused(f"a variance has a quantity, or a count: {told}; expected one of them")
    if counted is not None:
        if counted < 0:
            raise VarianceRefused(f"a count of {counted}; expected 0 or more")
        return counted - (on_hand - come_since)
    assert quantity is not None
    if quantity == 0:
        raise VarianceRefused("a variance of 0 changes nothing; expected units more, or below zero fewer")
    if on_hand + quantity < 0 and quantity < 0:
        raise VarianceRefused(
            f"the variance of {quantity} would leave {_plain(on_hand + quantity)} on hand; expected to take away no"
            f" more than the {_plain(on_hand)} there are. Count anew and record the count"
        )
    return quantity


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
