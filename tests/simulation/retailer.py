"""What happens outside of Trueup: customers, merchants, tills, and the ERP that drops its files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from include.db.connection import Connection
from include.intake import data_manager, remote
from include.sandbox.shopify.store import Refused
from tests.simulation.clock import Clock
from tests.simulation.servers import CONFIGURATION, EXTERNAL, KIT, OPENING, STORE, Servers, item
from tests.simulation.story import FACILITIES, PRODUCTS
from tests.simulation.truth import Truth
from tests.world import ONLINE, SHOP

Rows = tuple[tuple[int, int, int], ...]
"""Product, facility and number of each row of a file."""


@dataclass
class Retailer:
    """Does what a story says happens, and keeps what it means for stock.

    Attributes:
        dropped: The feeds in whose folders files lie that nobody has fetched.
        edited: Levels that a merchant has set in Shopify.
        web_orders: Orders that were not cancelled or fulfilled yet, with their product and quantity; the others are in
            `fulfilled` and `cancelled`.
        till_sales: Sales at the till that were not refunded yet.
        restocks: Where each scheduled restock goes, and how many units; `told_restocks` are those whose receipt the
            truth knows of.
    """

    servers: Servers
    clock: Clock
    folders: dict[str, str]
    hits: Counter[str]
    truth: Truth = field(default_factory=Truth)
    dropped: set[str] = field(default_factory=set)
    edited: set[tuple[str, str]] = field(default_factory=set)
    web_orders: list[tuple[str, str, int]] = field(default_factory=list)
    till_sales: list[tuple[str, str, int]] = field(default_factory=list)
    restocks: dict[str, tuple[tuple[str, str], int]] = field(default_factory=dict)
    told_restocks: set[str] = field(default_factory=set)
    fulfilled: list[tuple[str, str, int]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    _deltas: list[tuple[str, str]] = field(default_factory=list)
    _moments: set[datetime] = field(default_factory=set)
    _files: int = 0

    def __post_init__(self) -> None:
        for folder in self.folders.values():
            remote.make_folder(self.servers.sftp, folder)
        for place, units in OPENING.items():
            self.truth.move(self.clock.now - timedelta(days=1), place, units)

    def happen(self, what: str, about: tuple[object, ...]) -> None:
        """Let something happen. What cannot be done, such as selling what is not shown, does not happen."""
        self.clock.advance(2)
        try:
            getattr(self, what)(*about)
        except Refused:
            return
        if what != "fault":
            self.hits[what] += 1

    # Shopify

    def sell(self, product: int, units: int) -> None:
        name = PRODUCTS[product]
        line = {"inventoryItemId": item(name), "locationId": ONLINE, "quantity": units}
        order = self.servers.shopify.place_order([line], oversell=False)
        self.web_orders.append((order, name, units))

    def till(self, product: int, units: int) -> None:
        name = PRODUCTS[product]
        line = {"inventoryItemId": item(name), "locationId": STORE, "quantity": units}
        order = self.servers.shopify.place_order([line], source="pos", oversell=False)
        self.truth.move(self._whole_second(), (name, "BROADWAY"), -units)
        self.till_sales.append((order, name, units))

    def cancel(self, which: int) -> None:
        if self.web_orders:
            order, _, _ = self.web_orders.pop(which % len(self.web_orders))
            self.servers.shopify.cancel_order(order)
            self.cancelled.append(order)

    def fulfil(self, which: int) -> None:
        if self.web_orders:
            sold = self.web_orders.pop(which % len(self.web_orders))
            self.servers.shopify.fulfil_order(sold[0])
            self.fulfilled.append(sold)

    def refund(self, which: int) -> None:
        """A customer of the store brings back what was bought there."""
        if self.till_sales:
            order, name, units = self.till_sales.pop(which % len(self.till_sales))
            line = {"inventoryItemId": item(name), "quantity": units, "restockType": "RETURN", "locationId": STORE}
            self.servers.shopify.refund_order(order, [line])
            self.truth.move(self._whole_second(), (name, "BROADWAY"), units)

    def edit(self, product: int, location: int, available: int) -> None:
        level = item(PRODUCTS[product]), (ONLINE, STORE)[location]
        self.edited.add(level)
        self.servers.shopify.edit_level(*level, available)

    def fault(self, kind: str, operation: str | None, after: int, parameters: tuple[tuple[str, object], ...]) -> None:
        self.servers.shopify.fault(kind, operation=operation, after_calls=after, **dict(parameters))

    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def reservations(self) -> list[tuple[str, int, int]]:
        """Each online order, and how many units it has reserved at least and at most once it is imported."""
        return [
            *((order, units, units) for order, _, units in self.web_orders),
            *((order, 0, units) for order, _, units in self.fulfilled),
            *((order, 0, 0) for order in self.cancelled),
        ]

    # The ERP

    def reset(self, rows: Rows, ago: int) -> None:
        moment = self._moment(ago)
        for product, facility, number in rows:
            self.truth.count(moment, (PRODUCTS[product], FACILITIES[facility]), number)
        self._drop("RESET_INVENTORY", "productId,externalFacilityId,availableQty", _lines(rows), moment)

    def delta(self, rows: Rows, ago: int) -> None:
        moment = self._moment(ago)
        for product, facility, units in rows:
            self.truth.move(moment, (PRODUCTS[product], FACILITIES[facility]), units)
        lines = [f"{line},no. {self._files}" for line in _lines(rows)]
        content = self._drop(
            "IMP_INV_ADJUST", "productId,externalFacilityId,availableDelta,comments", lines, moment, "999999,43,1,bad"
        )
        self._deltas.append(("IMP_INV_ADJUST", content))

    def send_again(self, which: int) -> None:
        """NetSuite uploads a file once more, under another name: it must not count twice."""
        if self._deltas:
            feed, content = self._deltas[which % len(self._deltas)]
            self._write(feed, content, self._moment(1))

    def rule(self, product: int, facility: int, minimum: int, brokering: bool) -> None:
        place = (*FACILITIES, CONFIGURATION)[facility]
        row = f"{PRODUCTS[product]},{place},{minimum},{'Y' if brokering else 'N'}"
        header = "product-id,facility-id,facility-safety-stock,allow-brokering"
        self._drop("IMP_PROD_FACILITY", header, [row], self._moment(1))

    def kit(self, component: int, quantity: int) -> None:
        row = f"{KIT},{PRODUCTS[component]},{quantity}"
        self._drop("IMP_KIT_COMPONENT", "productId,productIdTo,quantity", [row], self._moment(1))

    def restock(self, product: int, facility: int, units: int, ahead: int) -> None:
        at = self.clock.now.replace(microsecond=0) + timedelta(seconds=ahead)
        name = f"restock {self._files}"
        place = PRODUCTS[product], FACILITIES[facility]
        row = f"SKU-{place[0]},{units},{at:%Y-%m-%dT%H:%M:%SZ},{place[1]},,{SHOP},{name}"
        header = "Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name"
        self._drop("IMP_SCHEDULED_RSTK", header, [row], self._moment(1))
        self.restocks[name] = place, units

    def _drop(self, feed: str, header: str, lines: list[str], moment: datetime, bad: str | None = None) -> str:
        content = "".join(f"{line}\n" for line in (header, *lines, *([bad] if bad and self._files % 3 == 0 else [])))
        self._write(feed, content, moment)
        return content

    def _write(self, feed: str, content: str, moment: datetime) -> None:
        self._files += 1
        sftp, folder = self.servers.sftp, self.folders[feed]
        path = f"{folder}/{moment:%Y-%m-%dT%H%M%SZ}-{self._files}.csv"
        life, sftp.life = sftp.life, None
        with sftp.open(path, "wb") as file:
            file.write(content.encode())
        sftp.utime(path, (self.clock.now.timestamp(), self.clock.now.timestamp()))
        sftp.life = life
        self.dropped.add(feed)

    def _whole_second(self) -> datetime:
        """Now, as Shopify writes it."""
        return self.clock.now.replace(microsecond=0)

    def _moment(self, ago: int) -> datetime:
        """A moment an odd number of seconds ago, of which no other file speaks and at which nothing is sold."""
        moment = self._whole_second() - timedelta(seconds=ago)
        while moment in self._moments:
            moment -= timedelta(seconds=2)
        self._moments.add(moment)
        return moment


def folders(connection: Connection) -> dict[str, str]:
    """The drop folder of each feed that is used."""
    feeds = ("RESET_INVENTORY", "IMP_INV_ADJUST", "IMP_PROD_FACILITY", "IMP_KIT_COMPONENT", "IMP_SCHEDULED_RSTK")
    return {feed: data_manager.config(connection, feed).import_path for feed in feeds}


def _lines(rows: Rows) -> list[str]:
    return [f"{PRODUCTS[product]},{EXTERNAL[FACILITIES[facility]]},{number}" for product, facility, number in rows]
