"""What happens outside of Trueup: customers, merchants, tills, and the ERP that drops its files."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from include.sandbox.sftp import Fault
from include.sandbox.shopify.store import Refused
from include.stock.variances import Finding
from tests.simulation.clock import Clock
from tests.simulation.drops import Drops, moment_of
from tests.simulation.servers import (
    CONFIGURATION,
    EXTERNAL,
    KIT,
    OPENING,
    SECONDS_TO_ARRIVE,
    Front,
    Servers,
)
from tests.simulation.story import FACILITIES, PRODUCTS
from tests.simulation.truth import Truth
from tests.simulation.webhooks import Webhooks

SOLD = (*PRODUCTS, KIT)

Rows = tuple[tuple[int, int, int], ...]
"""Product, facility and number of each row of a file."""


@dataclass(frozen=True, slots=True)
class Move:
    """Units of a product or kit that came to a facility or left it with an order."""

    order: str
    moment: datetime
    place: tuple[str, str]
    units: int
    is_shipment: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units of a shipment that have come to a facility, and how many of others were torn."""

    moment: datetime
    place: tuple[str, str]
    units: int
    rejected: int


@dataclass
class Retailer:
    """Does what a story says happens, and keeps what it means for stock.

    Attributes:
        drops: Where the ERP's files go.
        webhooks: What tells Trueup of the changes in each shop.
        edited: Levels that a merchant has set in Shopify.
        web_orders: Orders that were not cancelled or fulfilled yet, with their product and quantity; the others are in
            `fulfilled` and `cancelled`.
        till_sales: Sales at the till that were not refunded yet.
        moves: What orders have moved where stock is kept. What kits consisted of is the ledger's to say, and whether a
            shipment of an order that was cancelled before Trueup heard of it could be counted.
        contents: The quantities of each component that the kit has ever had.
        shipped: How many units of each online order the ERP has sent.
        restocks: Where each scheduled restock goes, and how many units.
        told: The restocks and moves that the truth knows of.
        findings: What somebody has found and nobody has recorded yet, by the run that is to do it.
        found: All that was ever found.
        receipts: What has come of a shipment and where, by its moment as it is written.
    """

    servers: Servers
    fronts: list[Front]
    clock: Clock
    drops: Drops
    webhooks: list[Webhooks]
    hits: Counter[str]
    truth: Truth
    edited: set[tuple[str, str]] = field(default_factory=set)
    web_orders: list[tuple[str, str, int]] = field(default_factory=list)
    till_sales: list[tuple[str, str, int]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    contents: dict[str, set[int]] = field(default_factory=lambda: {"P1": {2}, "P2": {1}})
    shipped: Counter[str] = field(default_factory=Counter)
    restocks: dict[str, tuple[tuple[str, str], int]] = field(default_factory=dict)
    told: set[object] = field(default_factory=set)
    findings: dict[str, Finding] = field(default_factory=dict)
    found: dict[str, Finding] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    fulfilled: list[tuple[str, str, int]] = field(default_factory=list)
    cancelled: list[tuple[str, str, int]] = field(default_factory=list)
    _deltas: list[tuple[str, str]] = field(default_factory=list)
    _fulfilments: list[dict[str, object]] = field(default_factory=list)
    _shipments: list[tuple[str, int, int]] = field(default_factory=list)
    _front_of: dict[str, Front] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._front = self.fronts[0]
        for place, units in OPENING.items():
            self.truth.move(self.clock.now - timedelta(days=1), place, units)

    def happen(self, what: str, about: tuple[object, ...], shop: int) -> None:
        """Let something happen, in a shop. What cannot be done, such as selling what is not shown, does not happen."""
        self.clock.advance(2)
        self._front = self.fronts[shop]
        try:
            getattr(self, what)(*about)
        except Refused:
            return
        if what not in ("fault", "break_off"):
            self.hits[what] += 1

    # Shopify

    def sell(self, product: int, units: int) -> None:
        name = SOLD[product]
        line = {"inventoryItemId": self._front.item(name), "locationId": self._front.online, "quantity": units}
        order = self._front.shop.place_order([line], oversell=False)
        self._front_of[order] = self._front
        self.web_orders.append((order, name, units))

    def till(self, product: int, units: int) -> None:
        name = SOLD[product]
        line = {"inventoryItemId": self._front.item(name), "locationId": self._front.store, "quantity": units}
        order = self._front.shop.place_order([line], source="pos", oversell=False)
        self._front_of[order] = self._front
        self.moves.append(Move(order, self._at_shop(self._front), (name, "BROADWAY"), -units))
        self.till_sales.append((order, name, units))

    def cancel(self, which: int) -> None:
        if self.web_orders:
            sold = self.web_orders.pop(which % len(self.web_orders))
            self._front_of[sold[0]].shop.cancel_order(sold[0])
            self.cancelled.append(sold)

    def fulfil(self, which: int) -> None:
        if self.web_orders:
            sold = self.web_orders.pop(which % len(self.web_orders))
            self._front_of[sold[0]].shop.fulfil_order(sold[0])
            self.fulfilled.append(sold)

    def refund(self, which: int) -> None:
        """A customer of the store brings back what was bought there."""
        if self.till_sales:
            order, name, units = self.till_sales.pop(which % len(self.till_sales))
            front = self._front_of[order]
            line = {"inventoryItemId": front.item(name), "quantity": units}
            front.shop.refund_order(order, [line | {"restockType": "RETURN", "locationId": front.store}])
            self.moves.append(Move(order, self._at_shop(front), (name, "BROADWAY"), units))

    def edit(self, product: int, location: int, available: int) -> None:
        level = self._front.item(PRODUCTS[product]), (self._front.online, self._front.store)[location]
        self.edited.add(level)
        self._front.shop.edit_level(*level, available)

    def fault(self, kind: str, operation: str | None, after: int, parameters: tuple[tuple[str, object], ...]) -> None:
        self._front.shop.fault(kind, operation=operation, after_calls=after, **dict(parameters))

    def tell(self, seed: int) -> None:
        """Shopify tells of what has changed: out of order, some of it twice, some of it never."""
        webhooks = self.webhooks[self._front.number]
        twice, never = webhooks.tell(self._front.shop.history(), random.Random(seed))
        self.hits["webhook came twice"] += twice
        self.hits["webhook never came"] += never

    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def jump(self, seconds: int) -> None:
        """The clock of Trueup's machines is put forward or back. Forward only once nothing is on its way any more."""
        if seconds > self.clock.skew:
            self.clock.advance(SECONDS_TO_ARRIVE)
        self.clock.jump(seconds)

    def trouble(self, status: int | None) -> None:
        """The shop is locked, frozen or forbidden for a while."""
        self._front.shop.settings(shop_status=status)

    def find(self, product: int, facility: int, units: int, counted: bool) -> None:
        """Somebody finds units more or fewer, or counts. In a warehouse, where what is there is all for sale."""
        key = f"run {len(self.found)}"
        place = FACILITIES[1 if counted else facility]
        finding = Finding(f"SKU-{PRODUCTS[product]}", place, "VAR_MANUAL")
        told = replace(finding, counted=Decimal(abs(units))) if counted else replace(finding, quantity=Decimal(units))
        self.findings[key] = self.found[key] = told

    def reservations(self) -> list[tuple[str, str, int, int]]:
        """Each online order and its product, and how many units it has reserved at least and at most once imported."""
        sent = self.shipped
        return [
            *((order, name, units - sent[order], units - sent[order]) for order, name, units in self.web_orders),
            *((order, name, 0, units - sent[order]) for order, name, units in self.fulfilled),
            *((order, name, 0, 0) for order, name, _ in self.cancelled),
        ]

    # The ERP

    def reset(self, rows: Rows, ago: int) -> None:
        moment = self.drops.moment(ago)
        for product, facility, number in rows:
            self.truth.count(moment, (PRODUCTS[product], FACILITIES[facility]), number)
        self.drops.table("RESET_INVENTORY", "productId,externalFacilityId,availableQty", _lines(rows), moment)

    def delta(self, rows: Rows, ago: int) -> None:
        moment = self.drops.moment(ago)
        for product, facility, units in rows:
            self.truth.move(moment, (PRODUCTS[product], FACILITIES[facility]), units)
        lines = [f"{line},no. {self.drops.count}" for line in _lines(rows)]
        content = self.drops.table(
            "IMP_INV_ADJUST", "productId,externalFacilityId,availableDelta,comments", lines, moment, "999999,43,1,bad"
        )
        self._deltas.append(("IMP_INV_ADJUST", content))

    def ship(self, which: int, facility: int, ago: int) -> None:
        """The ERP has sent an online order, and says from where. Shopify may have heard of it, or not, or never."""
        waiting = [sold for sold in (*self.web_orders, *self.fulfilled) if not self.shipped[sold[0]]]
        if not waiting:
            return
        order, name, units = waiting[which % len(waiting)]
        moment = self.drops.moment(ago)
        self.shipped[order] = units
        self.moves.append(Move(order, moment, (name, FACILITIES[facility]), -units, is_shipment=True))
        self._fulfilments.append(
            {
                "orderId": order.rpartition("/")[2],
                "items": [
                    {
                        "orderItemSeqId": "00001",
                        "externalFacilityId": EXTERNAL[FACILITIES[facility]],
                        "shippedDate": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                        "quantity": str(units),
                    }
                ],
            }
        )
        self._drop_fulfilments(self._fulfilments[-1:])

    def ship_again(self) -> None:
        """All that was ever sent comes once more: what could not be counted before its order was known, counts now."""
        if self._fulfilments:
            self._drop_fulfilments(self._fulfilments)

    def _drop_fulfilments(self, fulfilments: list[dict[str, object]]) -> None:
        content = json.dumps([{"orderMap": each} for each in fulfilments])
        self.drops.write("IMP_ODR_ITM_FLFLMNT", content, self.drops.moment(1), ending="json")

    def uploaded_slowly(self, product: int, facility: int, units: int, replaced: bool) -> None:
        """A file lies there by half while the ERP is still writing it, or is replaced by the right one."""
        moment = self.drops.moment(1)
        self.truth.move(moment, (PRODUCTS[product], FACILITIES[facility]), units)
        header = "productId,externalFacilityId,availableDelta,comments"
        lines = [f"{line},no. {self.drops.count}" for line in _lines(((product, facility, units),))]
        whole = "\n".join([header, *lines])
        first = whole.replace(f",{units},", ",77,") + "\n" if replaced else whole[: -len(whole) // 3]
        path = self.drops.write("IMP_INV_ADJUST", first, moment)
        self.drops.uploads.append((path, f"{whole}\n"))

    def same_name(self, product: int, facility: int, units: int) -> None:
        """Another file under a name that there was before: it is another file."""
        name = self.drops.free_name()
        if name is not None:
            lines = [f"{line},no. {self.drops.count}" for line in _lines(((product, facility, units),))]
            content = "\n".join(["productId,externalFacilityId,availableDelta,comments", *lines, ""])
            self.drops.write("IMP_INV_ADJUST", content, self.clock.now, name=name)
            self.truth.move(moment_of(name), (PRODUCTS[product], FACILITIES[facility]), units)

    def break_off(self, size: int) -> None:
        """The file server hangs up at the next reading of a file, after so many bytes."""
        self.servers.files.fail(Fault("*", drop_after=size, times=1))

    def send_again(self, which: int) -> None:
        """NetSuite uploads a file once more, under another name: it must not count twice."""
        if self._deltas:
            feed, content = self._deltas[which % len(self._deltas)]
            self.drops.write(feed, content, self.drops.moment(1))

    def rule(self, product: int, facility: int, minimum: int, brokering: bool) -> None:
        place = (*FACILITIES, CONFIGURATION)[facility]
        row = f"{PRODUCTS[product]},{place},{minimum},{'Y' if brokering else 'N'}"
        header = "product-id,facility-id,facility-safety-stock,allow-brokering"
        self.drops.table("IMP_PROD_FACILITY", header, [row], self.drops.moment(1))

    def kit(self, component: int, quantity: int) -> None:
        row = f"{KIT},{PRODUCTS[component]},{quantity}"
        self.contents.setdefault(PRODUCTS[component], set()).add(quantity)
        self.drops.table("IMP_KIT_COMPONENT", "productId,productIdTo,quantity", [row], self.drops.moment(1))

    def restock(self, product: int, facility: int, units: int, ahead: int) -> None:
        at = self.clock.now.replace(microsecond=0) + timedelta(seconds=ahead)
        name = f"restock {self.drops.count}"
        place = PRODUCTS[product], FACILITIES[facility]
        row = f"SKU-{place[0]},{units},{at:%Y-%m-%dT%H:%M:%SZ},{place[1]},,{self._front.shop_id},{name}"
        header = "Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name"
        self.drops.table("IMP_SCHEDULED_RSTK", header, [row], self.drops.moment(1))
        self.restocks[name] = place, units

    def inbound(self, product: int, facility: int, units: int) -> None:
        """Something is on its way to a facility."""
        name = f"TO-{self.drops.count}"
        self._shipments.append((name, product, facility))
        header = "external-shipment-id,product-sku,quantity,destination-facility-id,item-external-id"
        row = f"{name},SKU-{PRODUCTS[product]},{units},{EXTERNAL[FACILITIES[facility]]},1"
        self.drops.table("IMP_TO_SHPMNT", header, [row], self.drops.moment(1))

    def receive(self, which: int, accepted: int, rejected: int, ago: int) -> None:
        """Some of it has come, and some of that is torn."""
        if not self._shipments:
            return
        name, product, facility = self._shipments[which % len(self._shipments)]
        moment = self.drops.moment(ago)
        key = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        self.receipts[key] = Receipt(moment, (PRODUCTS[product], FACILITIES[facility]), accepted, rejected)
        header = (
            "external-shipment-id,product-sku,item-external-id,quantity-accepted,quantity-rejected,rejection-reason,"
            "received-date"
        )
        row = f"{name},SKU-{PRODUCTS[product]},1,{accepted},{rejected},torn,{key}"
        self.drops.table("RECEIVE_SHIP_ITEMS", header, [row], self.drops.moment(1))

    def _at_shop(self, front: Front) -> datetime:
        """Now, by a shop's clock."""
        return self._whole_second() + timedelta(seconds=front.ahead)

    def _whole_second(self) -> datetime:
        """Now, as Shopify writes it."""
        return self.clock.now.replace(microsecond=0)


def _lines(rows: Rows) -> list[str]:
    return [f"{PRODUCTS[product]},{EXTERNAL[FACILITIES[facility]]},{number}" for product, facility, number in rows]
