"""A retailer for the tests of fulfilments: orders, snapshots and the ERP's files, at hours before and after now."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from include.channel.order_import import orders as order_import
from include.db.connection import Connection
from include.shopify.client import Client
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from include.stock import ledger
from include.stock.atp import online_atp
from include.stock.orders import fulfilments, reservations
from include.stock.orders.fulfilments import Completed
from tests import shown_orders
from tests.world import ONLINE, SHOP, World

STORE = "gid://shopify/Location/70000000002"
P = "50001"
ITEM = "gid://shopify/InventoryItem/50001"
FIRST = "gid://shopify/Order/9001"


@dataclass(frozen=True)
class Row:
    """A fulfilled item as the ERP writes it, at an hour from now."""

    facility: str | None
    hour: float | None
    quantity: object = 1
    tracking: str | None = ""
    seq: str = "00001"
    order: str = FIRST
    complaint: str | None = None


@dataclass
class Retailer:
    """Broadway sells at its counter and, together with the warehouse, online."""

    connection: Connection
    world: World
    monkeypatch: pytest.MonkeyPatch
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    orders: dict[str, Order] = field(default_factory=dict)
    complaints: dict[int, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.shop()
        self.world.facility("BROADWAY", external_id="43")
        self.world.facility("WH", "WAREHOUSE", external_id="44")
        self.world.facility("_NA_", "VIRTUAL_FACILITY")
        self.world.channel("ONLINE", ONLINE, ["BROADWAY", "WH"], queue="_NA_")
        self.world.channel("STORE", STORE, ["BROADWAY"], queue="BROADWAY")
        self.connection.execute(b"UPDATE shopify_shop SET orders_read_through = '2020-01-01Z'")
        shown_orders.show(self.monkeypatch, self.orders)
        self.product()

    def product(self, product: str = P, item: str = ITEM, broadway: int = 10, warehouse: int = 10) -> None:
        """A product with stock of long ago."""
        self.world.product(product)
        self.world.in_shop(product, item)
        for facility, units in (("BROADWAY", broadway), ("WH", warehouse)):
            with self.connection.transaction():
                ledger.open_for_posting(self.connection)
                self.move(product, facility, units)
                ledger.post(self.connection, self.at(-100))

    def move(self, product: str, facility: str, units: int) -> None:
        self.connection.execute(
            b"INSERT INTO movement (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
            b" reason_enum_id) VALUES (%s, %s, %s, %s, 'VAR_MANUAL')",
            [product, facility, units, units],
        )

    def at(self, hour: float) -> datetime:
        return self.now + timedelta(hours=hour)

    def order(
        self,
        taken: dict[str, int],
        fulfilled: dict[str, int] | None = None,
        *,
        order_id: str = FIRST,
        name: str = "#1001",
        item: str = ITEM,
        lines: tuple[OrderLine, ...] | None = None,
    ) -> None:
        """An order as Shopify shows it now: units taken and fulfilled by location; imported at once."""
        left = fulfilled or {}
        self.orders[order_id] = Order(
            order_id,
            name,
            datetime.now(UTC),
            datetime.now(UTC),
            tuple(OrderItem(item, location, units, left.get(location, 0)) for location, units in taken.items()),
            lines if lines is not None else (OrderLine("gid://shopify/LineItem/1", item, sum(taken.values())),),
        )
        self.import_orders()

    def import_orders(self) -> None:
        order_import.import_orders(self.connection, SHOP, cast(Client, None))

    def complete(self, *rows: Row) -> Completed:
        """A file of the ERP; what it said of each row is kept by its place in the file, from 1."""
        with self.connection.transaction():
            ledger.open_for_posting(self.connection)
            fulfilments.create_fulfilled_items(self.connection)
            for number, row in enumerate(rows, 1):
                self.connection.execute(
                    b"INSERT INTO fulfilled_item (line_number, order_id, order_item_seq_id, facility_id, shipped_at,"
                    b" quantity, tracking_number, complaint) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        *(number, row.order, row.seq, row.facility),
                        None if row.hour is None else self.at(row.hour),
                        *(row.quantity, row.tracking, row.complaint),
                    ],
                )
            log_id = next(self.numbers)
            completed = fulfilments.complete(self.connection, log_id)
            ledger.post(self.connection, datetime.now(UTC), log_id)
            self.complaints = dict(
                self.connection.execute(b"SELECT line_number, complaint FROM fulfilled_item ORDER BY 1").fetchall()
            )
        return completed

    def snapshot(self, hour: float, counts: dict[str, int], product: str = P, *, on_hand: bool = False) -> None:
        """A reset file, taken at an hour and processed now; an older one than the newest is left out."""
        as_of = self.at(hour)
        log_id = next(self.numbers)
        with self.connection.transaction():
            ledger.open_for_posting(self.connection)
            for facility, count in counts.items():
                self._count(log_id, as_of, facility, product, count, on_hand)
            reservations.reserve_and_issue(self.connection)
            ledger.post(self.connection, as_of, log_id)

    def _count(self, log_id: int, as_of: datetime, facility: str, product: str, count: int, on_hand: bool) -> None:
        newer = self.connection.execute(
            b"SELECT FROM inventory_snapshot WHERE facility_id = %s AND as_of > %s AND %s = any(product_ids)",
            [facility, as_of, product],
        ).fetchone()
        if newer is not None:
            return
        self.connection.execute(
            b"INSERT INTO inventory_snapshot (data_manager_log_id, facility_id, as_of, product_ids,"
            b" on_hand_product_ids) VALUES (%s, %s, %s, %s, %s)",
            [log_id, facility, as_of, [product], [product] if on_hand else []],
        )
        row = self.connection.execute(
            b"SELECT coalesce(sum(quantity_on_hand_diff), 0), coalesce(sum(available_to_promise_diff), 0)"
            b" FROM inventory_item_detail WHERE product_id = %s AND facility_id = %s AND effective_at <= %s",
            [product, facility, as_of],
        ).fetchone()
        assert row is not None
        self.move(product, facility, count - int(row[0] if on_hand else row[1]))

    def stock(self, product: str = P) -> dict[str, tuple[int, int]]:
        """On hand and available to promise of each facility that has any, or owes any."""
        return {facility: pair for (of, facility), pair in self.world.stock().items() if of == product and any(pair)}

    def online(self, product: str = P) -> int:
        """What may be sold online."""
        online_atp.refresh(self.connection)
        return self.world.levels()[product, ONLINE][0]
