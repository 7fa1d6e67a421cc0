"""Explains a number: reads all parts of one level as of one moment.

    explanation = explain(connection, "demo", "MH-1212", "gid://shopify/Location/70000000001")
    explanation.recomputed_target == explanation.level.target

See docs/explain.md, and `include.stock.explanation` for what the parts are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from include.db.connection import Connection
from include.db.sql import statement
from include.stock import identify, movements
from include.stock.explanation import (
    Channel,
    Elsewhere,
    Explanation,
    FacilityPart,
    InFlight,
    Level,
    OpenOrder,
    QueuePart,
    Reason,
    Seen,
)

MOST_ORDERS = 10
"""How many open orders are named."""


def explain(
    connection: Connection,
    shop: str | None,
    identification: str,
    location: str | None,
    *,
    newest: int = movements.NEWEST,
) -> Explanation:
    """Tell why a location shows what it shows for a product.

    Args:
        connection: Trueup's database, outside a transaction: everything is read as of one moment.
        shop: The shop, by id or domain; None where there is only one.
        identification: The product: SKU, product id, another identification, or inventory item id.
        location: The location: Shopify's id, its number, or the inventory channel; None where there is only one.
        newest: How many ledger rows to read.

    Raises:
        NotIdentified: One of these names leads to nothing, or to several things; the message says what is nearby.
    """
    with _one_moment(connection):
        shop_id = identify.shop(connection, shop)
        product_id = identify.product(connection, identification, shop_id)
        place = identify.location(connection, shop_id, location)
        parameters = {
            "shop_id": shop_id,
            "product_id": product_id,
            "location_id": place.location_id,
            "inventory_channel_id": place.inventory_channel_id,
        }
        return _Reader(connection, parameters).read(place.is_mapped, newest)


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    with connection.transaction():
        connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class _Reader:
    """Reads the parts of one level."""

    def __init__(self, connection: Connection, parameters: dict[str, str]) -> None:
        self._connection, self._parameters = connection, parameters

    def read(self, is_mapped: bool, newest: int) -> Explanation:
        (
            sku, internal_name, inventory_item_id, facility_group_id, facility_group_name,
            configuration_facility_id, threshold, allow_brokering, use_valid_atp, inventory_master, is_waiting,
            explained_at,
        ) = self._one("explain_level")  # fmt: skip
        channel = Channel(
            self._parameters["inventory_channel_id"], facility_group_id, facility_group_name,
            configuration_facility_id, threshold, allow_brokering, is_mapped, use_valid_atp, inventory_master,
        )  # fmt: skip
        facilities = self._facilities()
        queue = self._queue()
        places = {*(part.facility_id for part in facilities), queue.facility_id}
        return Explanation(
            shop_id=self._parameters["shop_id"],
            product_id=self._parameters["product_id"],
            sku=sku,
            internal_name=internal_name,
            inventory_item_id=inventory_item_id,
            location_id=self._parameters["location_id"],
            explained_at=explained_at,
            channel=channel,
            facilities=facilities,
            elsewhere=Elsewhere(*self._one("explain_elsewhere")),
            queue=queue,
            level=self._level(),
            is_waiting=is_waiting,
            movements=movements.newest(self._connection, [self._parameters["product_id"]], sorted(places), newest),
        )

    def _facilities(self) -> tuple[FacilityPart, ...]:
        rows = self._connection.execute(statement(__file__, "explain_facilities"), self._parameters)
        return tuple(_facility(*row) for row in rows)

    def _queue(self) -> QueuePart:
        facility_id, facility_type_id, available = self._one("explain_queue")
        rows = self._connection.execute(
            statement(__file__, "explain_orders"),
            self._parameters | {"queue_facility_id": facility_id, "most": MOST_ORDERS},
        )
        return QueuePart(facility_id, facility_type_id, available, tuple(OpenOrder(*row) for row in rows))

    def _level(self) -> Level | None:
        row = self._connection.execute(statement(__file__, "explain_position"), self._parameters).fetchone()
        if row is None:
            return None
        inventory_item_id, target, position, delta, quarantine_reason, *batch = row
        seen = self._connection.execute(
            statement(__file__, "explain_last_seen"), self._parameters | {"inventory_item_id": inventory_item_id}
        ).fetchone()
        in_flight = InFlight(*batch) if batch[0] is not None else None
        return Level(target, position, delta, quarantine_reason, in_flight, Seen(*seen) if seen else None)

    def _one(self, name: str) -> tuple:  # type: ignore[type-arg]  # one row of any shape
        row = self._connection.execute(statement(__file__, name), self._parameters).fetchone()
        assert row is not None
        return row


def _facility(
    facility_id: str,
    facility_name: str,
    facility_type_id: str,
    external_id: str | None,
    is_member: bool,
    member_from: datetime | None,
    member_thru: datetime | None,
    quantity_on_hand: Decimal | None,
    available_to_promise: Decimal | None,
    safety_stock: Decimal,
    allow_brokering: bool,
) -> FacilityPart:
    excluded = {
        Reason.FACILITY_TYPE: facility_type_id not in identify.STORES_AND_WAREHOUSES,
        Reason.INVENTORY_GROUP: not is_member,
        Reason.PRODUCT_FACILITY: available_to_promise is None,
        Reason.ALLOW_BROKERING_FACILITY: not allow_brokering,
    }
    return FacilityPart(
        facility_id,
        facility_name,
        facility_type_id,
        external_id,
        quantity_on_hand or Decimal(0),
        available_to_promise or Decimal(0),
        safety_stock,
        tuple(reason for reason, holds in excluded.items() if holds),
        None if is_member else member_from,
        None if is_member else member_thru,
    )
