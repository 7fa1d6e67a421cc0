"""The emulated shop's state: locations, items, levels, orders, adjustment groups, keys and the history of changes.

Plain dictionaries in one process. Every change goes through `Store.change`, which keeps the level's time stamps, the
history and the dirty flag together.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from include.sandbox.shopify.bulk.records import BulkOperation, Upload
from include.sandbox.shopify.clock import Clock
from include.sandbox.shopify.orders.records import Order
from include.sandbox.shopify.records import (
    Change,
    Group,
    Item,
    KeyUse,
    Level,
    Location,
    RefreshToken,
    Token,
    Transfer,
)
from include.sandbox.shopify.scalars import timestamp
from include.sandbox.shopify.webhooks import payloads
from include.sandbox.shopify.webhooks.records import Delivery, Event, Subscription

# First numbers and steps of the ids that the emulator hands out; they only look like Shopify's.
FIRST_IDS = {
    "Location": 106318430514,
    "InventoryItem": 53469430055218,
    "InventoryLevel": 143273001266,
    "InventoryAdjustmentGroup": 54640716251442,
    "Order": 6410024648050,
    "FulfillmentOrder": 7524431331634,
    "FulfillmentOrderLineItem": 15622081708338,
    "LineItem": 15622081708338,
    "Refund": 1024353632562,
    "RefundLineItem": 654574944562,
    "InventoryTransfer": 3511240851,
    "BulkOperation": 6390462185778,
    "WebhookSubscription": 1987654025522,
}
ID_STEP = 32768


class Refused(ValueError):
    """A control call that cannot be done; the message says where, what and what to do next."""


@dataclass(slots=True)
class Store:
    """Everything that the shop knows."""

    clock: Clock = field(default_factory=Clock)
    dirty: bool = False
    locations: dict[str, Location] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    levels: dict[tuple[str, str], Level] = field(default_factory=dict)
    levels_by_id: dict[str, Level] = field(default_factory=dict)
    levels_of_item: dict[str, list[Level]] = field(default_factory=dict)
    levels_of_location: dict[str, list[Level]] = field(default_factory=dict)
    orders: dict[str, list[Order]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    keys: dict[str, KeyUse] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    bulk: dict[str, BulkOperation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    action: str = ""
    counters: dict[str, int] = field(default_factory=dict)

    def now(self) -> float:
        """Return the shop's time in seconds since 1970."""
        return self.clock.now()

    def become(self, other: Store) -> None:
        """Take over everything that another store holds, but the clock."""
        for name in CONTENTS:
            setattr(self, name, getattr(other, name))
        self.events = []
        self.dirty = True
        self.clock.wake()

    def new_id(self, kind: str) -> str:
        """Hand out the next global id of a type, such as gid://shopify/Order/6410024648050."""
        count = self.counters.get(kind, 0)
        self.counters[kind] = count + 1
        return f"gid://shopify/{kind}/{FIRST_IDS[kind] + count * ID_STEP}"

    def add_level(self, item: str, location: str, *, active: bool = True) -> Level:
        """Stock an item at a location with 0 of everything, or return the level that is there."""
        level = self.levels.get((item, location))
        if level is None:
            now = self.now()
            # The number is not the location's, and nobody should build such an id (recorded on 2026-04).
            identity = f"{self.new_id('InventoryLevel')}?inventory_item_id={item.rpartition('/')[2]}"
            level = Level(identity, item, location, now, now, active, touched={"available": now})
            self.index(level)
            self.dirty = True
            if active:
                self._tell_level("INVENTORY_LEVELS_CONNECT", level)
        return level

    def connect(self, item: str, location: str) -> Level:
        """Stock an item at a location: a new level, or the one that was deactivated, with all that it held."""
        level = self.add_level(item, location)
        if not level.active:
            level.active = True
            level.updated = self.now()
            self.dirty = True
            self._tell_level("INVENTORY_LEVELS_CONNECT", level)
        return level

    def disconnect(self, level: Level) -> None:
        """Deactivate a level; it keeps its id and what it holds."""
        level.active = False
        level.updated = self.now()
        self.dirty = True
        if self.subscriptions:
            self.tell("INVENTORY_LEVELS_DISCONNECT", payloads.disconnected(level))

    def index(self, level: Level) -> None:
        """Enter a level into all look-ups."""
        self.levels[level.item, level.location] = level
        self.levels_by_id[level.id] = level
        self.levels_of_item.setdefault(level.item, []).append(level)
        self.levels_of_location.setdefault(level.location, []).append(level)

    def change(self, level: Level, deltas: Mapping[str, int], at: float) -> None:
        """Add the deltas to the level's quantities and move its time stamps to `at`.

        `updatedAt` of on_hand stays null although its number moves (recorded on 2026-04).
        """
        for name, delta in deltas.items():
            if delta:
                level.quantities[name] = level.quantities.get(name, 0) + delta
                level.touched[name] = at
        level.updated = at
        self.dirty = True
        # Documented: changes of the other quantities trigger no webhook.
        if self.subscriptions and deltas.get("available"):
            self._tell_level("INVENTORY_LEVELS_UPDATE", level)

    def act(self) -> None:
        """Begin an action: all webhooks until the next one carry the same event id."""
        if self.subscriptions:
            self.action = str(uuid.uuid4())

    def tell(self, topic: str, payload: dict[str, object]) -> None:
        """Let those who subscribed to a topic know what happened."""
        if not self.events:
            self.clock.wake()
        self.events.append(Event(topic, payload, self.action or str(uuid.uuid4()), self.now()))

    def _tell_level(self, topic: str, level: Level) -> None:
        if self.subscriptions:
            self.tell(topic, payloads.level(level, self.items.get(level.item), timestamp(level.updated)))

    def unsubscribe(self, subscription: str) -> None:
        """Forget a subscription, and what is on its way to it."""
        self.subscriptions.pop(subscription, None)
        for each in [x.id for x in self.deliveries.values() if x.subscription == subscription]:
            del self.deliveries[each]
        self.dirty = True

    def note(self, change: Change) -> None:
        """Append to the history."""
        self.history.append(change)

    def edit(self, item: str, location: str, available: int) -> int:
        """Set `available` as a merchant does in the admin; on_hand moves with it. Return the difference.

        Raises:
            Refused: the item or the location is not in the shop.
        """
        self.check_known(item, location)
        self.act()
        level = self.add_level(item, location)
        delta = available - level.quantity("available")
        if delta:
            now = self.now()
            self.change(level, {"available": delta}, now)
            self.note(Change(now, "edit", item, location, "available", delta, on_hand=delta))
        return delta

    def check_known(self, item: str, location: str) -> None:
        """Raise Refused unless both ids are in the shop."""
        for what, gid, known in (("item", item, self.items), ("location", location, self.locations)):
            if gid not in known:
                raise Refused(f"the shop has no {what} {gid!r}: use an id that /control/seed was given or returned")


CONTENTS = tuple(f.name for f in fields(Store) if f.name not in ("clock", "dirty", "events", "action"))
