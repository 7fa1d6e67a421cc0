"""Explains a number: reads all parts of one level as of one moment.

    explanation = explain(connection, "demo", "MH-1212", "gid://shopify/Location/70000000001")
    explanation.recomputed_target == explanation.level.target

See docs/explain.md, and `include.stock.explanation` for what the parts are.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, TypeVar

from psycopg.rows import class_row, dict_row

from include.db.connection import Connection
from include.db.sql import statement
from include.stock import identify, movements
from include.stock.atp import kit_stock
from include.stock.atp.kit_stock import KitEdge, Stock
from include.stock.explanation.model import (
    Channel,
    Configuration,
    Elsewhere,
    Explanation,
    FacilityPart,
    InFlight,
    Item,
    Level,
    OpenOrder,
    QueuePart,
    Reason,
    RuleValue,
    Seen,
)
from include.stock.inbound.incoming import incoming, rejected

MOST_ORDERS = 10
"""How many open orders are named."""

MOST_REJECTED = 10
"""How many receipts with rejected units are listed."""

Part = TypeVar("Part")
Row = dict[str, Any]


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
        place = identify.location(connection, shop_id, location)
        parameters = {
            "shop_id": shop_id,
            "product_id": identify.product(connection, identification, shop_id),
            "location_id": place.location_id,
            "inventory_channel_id": place.inventory_channel_id,
        }
        return _Reader(connection, parameters).read(newest)


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    with connection.transaction():
        connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@dataclass(frozen=True, slots=True)
class _Places:
    """What there is of a product at some facilities."""

    product_id: str
    is_kit: bool
    kit: tuple[KitEdge, ...]
    found: dict[str, dict[str, tuple[Decimal, Decimal]]]

    def stock(self, facility_id: str) -> Stock:
        """What there is at one of them."""
        found = self.found.get(facility_id, {})
        if self.is_kit:
            return kit_stock.of_kit(self.product_id, self.kit, found)
        return kit_stock.plain(self.product_id, found)


class _Reader:
    """Reads the parts of one level."""

    def __init__(self, connection: Connection, parameters: dict[str, str]) -> None:
        self._connection, self._parameters = connection, parameters
        self._product_id = parameters["product_id"]

    def read(self, newest: int) -> Explanation:
        about = self._rows("select_level")[0]
        kit = tuple(self._parts(KitEdge, "select_kit"))
        products = sorted({self._product_id, *(edge.component_id for edge in kit)})
        members = self._rows("select_facilities")
        queues = self._rows("select_queues")
        facility_ids = sorted({row["facility_id"] for row in members + queues} | {about["queue_facility_id"]})
        places = self._places(about["is_kit"], kit, products, facility_ids)
        waiting = self._rows("select_waiting", product_ids=products)[0]
        return Explanation(
            shop_id=self._parameters["shop_id"],
            location_id=self._parameters["location_id"],
            explained_at=about["explained_at"],
            item=Item(**_chosen(Item, about | {"is_waiting": next(iter(waiting.values()))})),
            kit=kit,
            channel=Channel(**_chosen(Channel, about)),
            configurations=self._configurations(),
            facilities=self._facilities(members, places),
            elsewhere=self._parts(Elsewhere, "select_elsewhere")[0],
            queues=tuple(
                QueuePart(row["facility_id"], row["order_queue_type_id"], places.stock(row["facility_id"]))
                for row in queues
            ),
            orders=tuple(self._parts(OpenOrder, "select_orders", facility_ids=facility_ids, most=MOST_ORDERS)),
            level=self._level(),
            incoming=tuple(
                each for each in incoming(self._connection, self._product_id) if each.facility_id in facility_ids
            ),
            rejected=tuple(rejected(self._connection, products, facility_ids, MOST_REJECTED)),
            movements=movements.newest(self._connection, products, facility_ids, newest),
        )

    def _places(self, is_kit: bool, kit: tuple[KitEdge, ...], products: list[str], facilities: list[str]) -> _Places:
        found: dict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
        for row in self._rows("select_stock", product_ids=products, facility_ids=facilities):
            on_hand, available = row["quantity_on_hand_total"], row["available_to_promise_total"]
            found[row["facility_id"]][row["product_id"]] = (on_hand, available)
        return _Places(self._product_id, is_kit, kit, found)

    def _facilities(self, members: list[Row], places: _Places) -> tuple[FacilityPart, ...]:
        ids = [row["facility_id"] for row in members]
        settings = {row["facility_id"]: row for row in self._rows("select_rules", facility_ids=ids)}
        rules = self._rule_values(ids)
        return tuple(
            _facility(row, settings.get(row["facility_id"]), tuple(rules[row["facility_id"]]), places)
            for row in members
        )

    def _configurations(self) -> tuple[Configuration, ...]:
        found = self._parts(Configuration, "select_configurations")
        rules = self._rule_values([each.facility_id for each in found])
        return tuple(replace(each, rules=tuple(rules[each.facility_id])) for each in found)

    def _rule_values(self, facility_ids: list[str]) -> dict[str, list[RuleValue]]:
        values: dict[str, list[RuleValue]] = defaultdict(list)
        for value in self._parts(RuleValue, "select_rule_values", facility_ids=facility_ids):
            values[value.facility_id].append(value)
        return values

    def _level(self) -> Level | None:
        rows = self._rows("select_position")
        if not rows:
            return None
        seen = self._parts(Seen, "select_last_seen", inventory_item_id=rows[0]["inventory_item_id"])
        in_flight = InFlight(**_chosen(InFlight, rows[0])) if rows[0]["outbox_batch_id"] is not None else None
        return Level(
            **{name: rows[0]["level_" + name] for name in ("target", "position", "delta")},
            quarantine_reason=rows[0]["quarantine_reason"],
            in_flight=in_flight,
            last_seen=seen[0] if seen else None,
        )

    def _rows(self, name: str, **more: object) -> list[Row]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement(__file__, name), self._parameters | more).fetchall()

    def _parts(self, kind: type[Part], name: str, **more: object) -> list[Part]:
        with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(statement(__file__, name), self._parameters | more).fetchall()


def _chosen(kind: Any, row: Row) -> Row:
    return {field.name: row[field.name] for field in fields(kind)}


def _facility(row: Row, setting: Row | None, rules: tuple[RuleValue, ...], places: _Places) -> FacilityPart:
    stock = places.stock(row["facility_id"])
    excluded = {
        Reason.FACILITY_TYPE: row["facility_type_id"] not in identify.STORES_AND_WAREHOUSES,
        Reason.INVENTORY_GROUP: not row["is_member"],
        Reason.PRODUCT_STORE: not row["is_of_store"],
        Reason.PRODUCT_FACILITY: not stock.is_known,
        Reason.ALLOW_BROKERING_FACILITY: setting is not None and not setting["allow_brokering"],
    }
    return FacilityPart(
        facility_id=row["facility_id"],
        facility_name=row["facility_name"],
        facility_type_id=row["facility_type_id"],
        external_id=row["external_id"],
        stock=stock,
        safety_stock=setting["minimum_stock"] if setting else Decimal(0),
        excluded_by=tuple(reason for reason, holds in excluded.items() if holds),
        rules=rules,
        member_from=None if row["is_member"] else row["member_from"],
        member_thru=None if row["is_member"] else row["member_thru"],
    )
