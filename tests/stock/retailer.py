"""A retailer that plays histories to Trueup and to the model alike, each with products and orders of its own."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest

from include.channel.order_import import orders as order_import
from include.db.connection import Connection
from include.shopify.client import Client
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from include.stock import variances
from include.stock.inbound import restocks
from include.stock.variances import Finding
from tests import shown_orders
from tests.stock import files
from tests.stock.model import Channel, Model, Place
from tests.stock.model import Order as KnownOrder
from tests.world import ONLINE, SHOP, World

MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)
"""Long before the variance feed begins: no reset has to keep what the ERP was not told."""

STORES = {"BROADWAY": "43", "PEARL": "44", "MAIN_WH": "45"}
AT_BROADWAY = "gid://shopify/Location/70000000002"
OUTLET = "gid://shopify/Location/80000000001"
CHANNELS = (
    Channel(SHOP, ONLINE, "ONLINE", "ONLINE_CONFIG", "_NA_", queue_is_virtual=True),
    Channel(SHOP, AT_BROADWAY, "BROADWAY", None, "BROADWAY", queue_is_virtual=False),
    Channel("outlet", OUTLET, "OUTLET", "OUTLET_CONFIG", "OUTLET_QUEUE", queue_is_virtual=True),
)
GROUPS = {"ONLINE": list(STORES), "BROADWAY": ["BROADWAY"], "OUTLET": ["PEARL", "MAIN_WH"]}


@dataclass
class Retailer:
    """Two shops over two stores and a warehouse, in a database that believes the clock of the test."""

    connection: Connection
    world: World
    monkeypatch: pytest.MonkeyPatch
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    shown: dict[str, Order] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.shop()
        self.connection.execute(
            b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id)"
            b" VALUES ('outlet', 'outlet.myshopify.com', 'shopify_outlet')"
        )
        for store, external_id in STORES.items():
            self.world.facility(store, "WAREHOUSE" if store == "MAIN_WH" else "RETAIL_STORE", external_id)
        for queue in ("_NA_", "OUTLET_QUEUE"):
            self.world.facility(queue, "VIRTUAL_FACILITY")
        for configuration in ("ONLINE_CONFIG", "OUTLET_CONFIG"):
            self.world.facility(configuration, "CONFIGURATION")
        for channel in CHANNELS:
            self.world.channel(
                channel.group, channel.location, GROUPS[channel.group], channel.queue, channel.configuration
            )
        self.connection.execute(b"UPDATE inventory_channel SET shop_id = 'outlet' WHERE location_id = %s", [OUTLET])
        self.connection.execute(b"UPDATE shopify_shop SET orders_read_through = '2020-01-01Z'")
        shown_orders.show(self.monkeypatch, self.shown)
        self._believe_the_clock()

    def _believe_the_clock(self) -> None:
        """What SQL calls now is the test's: a history takes minutes that no test may wait for."""
        self.connection.execute(b"CREATE SCHEMA clock")
        self.connection.execute(
            b"CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql"
            b" AS $$SELECT current_setting('clock.now')::timestamptz$$"
        )
        self.set_clock(MIDNIGHT)
        self.connection.execute(b"SET search_path = clock, public, pg_catalog")

    def set_clock(self, moment: datetime) -> None:
        """Make it a moment."""
        self.connection.execute(b"SELECT set_config('clock.now', %s, FALSE)", [moment.isoformat()])

    def reset(self) -> None:
        """Back to the memberships and switches of the beginning. Products and orders stay, and are of no concern."""
        self.shown.clear()
        self.connection.execute(b"DELETE FROM facility_group_member")
        for group, stores in GROUPS.items():
            for store in stores:
                self.connection.execute(
                    b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES (%s, %s)",
                    [group, store],
                )
        self.connection.execute(b"UPDATE inventory_channel SET use_valid_atp = TRUE")


@dataclass
class Play:
    """One history, told step by step to Trueup and to the model."""

    retailer: Retailer
    names: tuple[str, ...]
    products: dict[str, str] = field(default_factory=dict)
    minute: int = 0

    def __post_init__(self) -> None:
        retailer = self.retailer
        retailer.reset()
        self.number = next(retailer.numbers)
        # What one history has counted lies before all that the next one hears of.
        self.beginning = MIDNIGHT + timedelta(hours=self.number)
        retailer.set_clock(self.beginning)
        self.model = Model(CHANNELS, tuple(STORES))
        self.model.members = {(group, store): True for group, stores in GROUPS.items() for store in stores}
        for name in self.names:
            product = f"{self.number}{name}"
            self.products[name] = product
            retailer.world.product(product)
            for shop in (SHOP, "outlet"):
                retailer.connection.execute(
                    b"INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id) VALUES (%s, %s, %s)",
                    [shop, product, f"gid://shopify/InventoryItem/{shop}-{product}"],
                )

    @property
    def connection(self) -> Connection:
        return self.retailer.connection

    @property
    def now(self) -> datetime:
        return self.beginning + timedelta(minutes=self.minute)

    def tick(self) -> None:
        """The next minute."""
        self.minute += 1
        self.retailer.set_clock(self.now)

    def before(self, minutes: float) -> datetime:
        """A moment before now."""
        return self.now - timedelta(minutes=minutes)

    def place(self, name: str, facility: str) -> Place:
        return self.products[name], facility

    def snapshot(self, feed: str, numbers: dict[tuple[str, str], int], minutes_ago: float) -> None:
        """A reset by ATP, by QOH or by count."""
        rows = "".join(f"{STORES[store]},{self.products[name]},{number}\n" for (name, store), number in numbers.items())
        as_of = self.before(minutes_ago)
        id_type = "idType,productId,externalFacilityId,availableQty\n"
        rows = "".join(
            f",{self.products[name]},{STORES[store]},{number}\n" for (name, store), number in numbers.items()
        )
        files.apply(self.connection, feed, id_type + rows, as_of)
        meant = {self.place(*place): number for place, number in numbers.items()}
        self.model.reset(meant, as_of, by_on_hand=feed != "RESET_INVENTORY")

    def deltas(self, feed: str, deltas: list[tuple[str, str, int]], minutes_ago: float) -> None:
        """Adjustments, receipts, transfers, variances."""
        rows = "".join(f"{STORES[store]},{self.products[name]},{delta}\n" for name, store, delta in deltas)
        by_hand = feed == "MDM_INV_VARIANCE"
        as_of = self.now if by_hand else self.before(minutes_ago)
        files.apply(self.connection, feed, "externalFacilityId,productId,availableDelta\n" + rows, as_of)
        meant = [(self.place(name, store), delta) for name, store, delta in deltas]
        if by_hand:
            self.model.add_by_hand(meant, as_of)
        else:
            self.model.add(meant, as_of)

    def find(self, name: str, store: str, *, quantity: int | None = None, counted: int | None = None) -> None:
        """Somebody records a variance or a count."""
        place = self.place(name, store)
        if quantity is not None and (quantity == 0 or (quantity < 0 and self.model.stock(place)[0] + quantity < 0)):
            return
        finding = Finding(
            place[0], store, "VAR_MANUAL",
            quantity=None if quantity is None else Decimal(quantity),
            counted=None if counted is None else Decimal(counted),
        )  # fmt: skip
        variances.record(self.connection, f"{self.number}/{self.minute}", finding, self.now)
        if counted is not None:
            self.model.reset({place: counted}, self.now, by_on_hand=True)
        elif quantity is not None:
            self.model.add([(place, quantity)], self.now)

    def order(self, slot: int, name: str, is_online: bool, taken: int, left: int) -> None:
        """An order as Shopify shows it now. What has left cannot be taken back; only a store's own units leave here."""
        queue = "_NA_" if is_online else "BROADWAY"
        known = self.model.orders.setdefault(slot, KnownOrder(self.products[name], queue, is_online))
        taken = max(taken, known.left)
        left = 0 if known.is_online else max(known.left, min(left, taken))
        item = f"gid://shopify/InventoryItem/{SHOP}-{known.product}"
        order_id = f"gid://shopify/Order/{self.number}{slot:03}"
        location = ONLINE if known.is_online else AT_BROADWAY
        self.retailer.shown[order_id] = Order(
            order_id=order_id,
            name=f"#{self.number}{slot:03}",
            created_at=self.beginning,
            updated_at=self.now,
            items=(OrderItem(item, location, taken, left),),
            lines=(OrderLine(f"gid://shopify/LineItem/{self.number}{slot:03}", item, taken),),
        )
        order_import.import_orders(self.connection, SHOP, cast(Client, None))
        self.model.order(slot, taken, self.now)
        self.model.hand_over(slot, left if not known.is_online else known.left, self.now)

    def complete(self, slot: int, store: str, units: int) -> None:
        """The ERP has sent units of an online order."""
        known = self.model.orders.get(slot)
        if known is None or not known.is_online:
            return
        units = min(units, known.taken - known.left)
        if units <= 0:
            return
        item = {
            "orderItemSeqId": "00001",
            "externalFacilityId": STORES[store],
            "shippedDate": f"{self.now:%Y-%m-%d %H:%M:%S}",
            "quantity": units,
        }
        content = json.dumps([{"orderMap": {"orderId": f"{self.number}{slot:03}", "items": [item]}}])
        files.apply(self.connection, "IMP_ITM_RECEIPT", content, self.now)
        self.model.complete(slot, store, units, self.now)

    def receive(self, name: str, store: str, shipped: int, accepted: int) -> None:
        """A shipment is announced, and some of it arrives."""
        shipment = f"S{self.number}-{self.minute}"
        head = "external-shipment-id,product-id,quantity,destination-facility-id,shipment-type\n"
        row = f"{shipment},{self.products[name]},{shipped},{store},IN_TRANSFER\n"
        files.apply(self.connection, "IMP_TO_SHPMNT", head + row, self.now)
        head = "external-shipment-id,product-id,quantity-accepted,quantity-rejected\n"
        row = f"{shipment},{self.products[name]},{accepted},{shipped - accepted}\n"
        files.apply(self.connection, "RECEIVE_SHIP_ITEMS", head + row, self.now)
        self.model.add([(self.place(name, store), accepted)], self.now)

    def rule(self, name: str, facility: str, minimum: int, brokering: bool) -> None:
        """A file of the ATP rules."""
        product = self.products[name]
        files.apply(
            self.connection,
            "IMP_PROD_FACILITY",
            f"product-id,facility-id,minimum-stock,allow-brokering\n{product},{facility},{minimum},{'NY'[brokering]}\n",
            self.now,
        )
        rule = self.model.rule((product, facility))
        rule.minimum, rule.brokering = minimum, brokering

    def hold(self, kit: str, component: str, quantity: int) -> None:
        """A kit list: so many of a component are in a kit from now on."""
        of, part = self.products[kit], self.products[component]
        rows = f"productId,productIdTo,quantity,productAssocTypeId\n{of},{part},{quantity},PRODUCT_COMPONENT\n"
        files.apply(self.connection, "IMP_KIT_COMPONENT", rows, self.now)
        self.model.kits.setdefault(of, {})[part] = quantity

    def member(self, group: str, store: str, is_member: bool) -> None:
        """A facility joins a group, or leaves it."""
        if bool(self.model.members.get((group, store))) == is_member:
            return
        if is_member:
            self.connection.execute(
                b"INSERT INTO facility_group_member (facility_group_id, facility_id, from_date) VALUES (%s, %s, %s)",
                [group, store, self.now],
            )
        else:
            self.connection.execute(
                b"UPDATE facility_group_member SET thru_date = %s"
                b" WHERE facility_group_id = %s AND facility_id = %s AND thru_date > %s",
                [self.now, group, store, self.now],
            )
        self.model.members[group, store] = is_member

    def deduct(self, location: str, deducts: bool) -> None:
        """Whether open orders are deducted at a location."""
        self.connection.execute(
            b"UPDATE inventory_channel SET use_valid_atp = %s WHERE location_id = %s", [deducts, location]
        )
        self.model.deducts[location] = deducts

    def restock(self, name: str, store: str, units: int) -> None:
        """A restock is scheduled, and received at its moment."""
        soon = self.before(-0.25)
        rows = (
            "productIdentification,idType,quantity,Schedule Time,Facility,Shopify Store,Restock Name\n"
            f"SKU-{self.products[name]},SKU,{units},{soon:%Y-%m-%dT%H:%M:%SZ},{store},demo,R{self.number}-{self.minute}\n"
        )
        files.apply(self.connection, "IMP_SCHEDULED_RSTK", rows, self.now)
        row = self.connection.execute(
            b"SELECT shipment_id FROM scheduled_restock WHERE restock_name = %s", [f"R{self.number}-{self.minute}"]
        ).fetchone()
        assert row is not None
        restocks.receive(self.connection, row[0], soon)
        self.model.add([(self.place(name, store), units)], soon)
