"""The rules of stock once more, in plain Python: what any history of files, orders and findings must end in.

Written from the formulas, not from the statements. A ledger of entries, the newest snapshot of each product and
facility, and the switches; stock and targets are added up from them whenever they are asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

Place = tuple[str, str]
"""Product and facility."""

Pair = tuple[int, int]
"""Quantity on hand, and available to promise."""


@dataclass(frozen=True)
class Entry:
    """A movement at a moment."""

    place: Place
    moment: datetime
    on_hand: int
    to_promise: int


@dataclass(frozen=True)
class Channel:
    """A location: whose facilities, which switches of its own, and where its orders reserve."""

    shop: str
    location: str
    group: str
    configuration: str | None
    queue: str
    queue_is_virtual: bool


@dataclass
class Order:
    """One order of one product at one location, by what is known of it."""

    product: str
    queue: str
    is_online: bool
    taken: int = 0
    left: int = 0


@dataclass
class Rule:
    """What a channel or a facility keeps back of a product, and whether it sells it."""

    minimum: int = 0
    brokering: bool = True


@dataclass
class Model:
    """What there is, what has happened, and what follows."""

    channels: tuple[Channel, ...]
    stores: tuple[str, ...]
    entries: list[Entry] = field(default_factory=list)
    counted: dict[Place, datetime] = field(default_factory=dict)
    rules: dict[Place, Rule] = field(default_factory=dict)
    members: dict[tuple[str, str], bool] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    deducts: dict[str, bool] = field(default_factory=dict)
    kits: dict[str, dict[str, int]] = field(default_factory=dict)

    def stock(self, place: Place, until: datetime | None = None) -> Pair:
        """What is there now, or was by a moment."""
        entries = [each for each in self.entries if each.place == place and (until is None or each.moment <= until)]
        return sum(each.on_hand for each in entries), sum(each.to_promise for each in entries)

    def all_stock(self) -> dict[Place, Pair]:
        """Every product and facility of which anything was ever written."""
        return {place: self.stock(place) for place in {each.place for each in self.entries}}

    def move(self, place: Place, moment: datetime, on_hand: int, to_promise: int) -> None:
        """Write an entry, if it says anything."""
        if on_hand or to_promise:
            self.entries.append(Entry(place, moment, on_hand, to_promise))

    def reset(self, numbers: dict[Place, int], as_of: datetime, *, by_on_hand: bool) -> None:
        """A snapshot becomes a difference to what was known at its moment; an older one or a kit's is nothing."""
        for place, number in numbers.items():
            if place[0] in self.kits or (place in self.counted and self.counted[place] > as_of):
                continue
            self.counted[place] = as_of
            on_hand, to_promise = self.stock(place, as_of)
            difference = number - (on_hand if by_on_hand else to_promise)
            self.move(place, as_of, difference, difference)

    def add(self, deltas: Iterable[tuple[Place, int]], as_of: datetime) -> None:
        """Deltas count unless a snapshot of their moment or a later one holds them."""
        for place, delta in deltas:
            if place not in self.counted or self.counted[place] < as_of:
                self.move(place, as_of, delta, delta)

    def add_by_hand(self, deltas: list[tuple[Place, int]], now: datetime) -> None:
        """Variances of a file: where they would leave less than nothing, those that take away are refused."""
        short = {
            place
            for place in {each for each, _ in deltas}
            if self.stock(place)[0] + sum(delta for each, delta in deltas if each == place) < 0
        }
        self.add([(place, delta) for place, delta in deltas if delta > 0 or place not in short], now)

    def order(self, number: int, taken: int, now: datetime) -> None:
        """An order reserves what it has taken, in the queue of its location; less lets go of the rest."""
        order = self.orders[number]
        self.move((order.product, order.queue), now, 0, order.taken - taken)
        order.taken = taken

    def hand_over(self, number: int, left: int, now: datetime) -> None:
        """A store has handed units over: they leave, and their reservation with them."""
        order = self.orders[number]
        self.move((order.product, order.queue), now, order.left - left, 0)
        order.left = left

    def complete(self, number: int, facility: str, units: int, now: datetime) -> None:
        """The ERP has sent units of an online order from somewhere."""
        order = self.orders[number]
        self.move((order.product, facility), now, -units, -units)
        self.move((order.product, order.queue), now, 0, units)
        order.left += units

    def rule(self, place: Place) -> Rule:
        """What is held back there; nothing, if nobody has said so."""
        return self.rules.setdefault(place, Rule())

    def available(self, product: str, facility: str) -> int | None:
        """ATP at a facility; of a kit, what its scarcest component is enough for. None: nothing was ever there."""
        if product not in self.kits:
            is_known = any(entry.place == (product, facility) for entry in self.entries)
            return self.stock((product, facility))[1] if is_known else None
        parts = self.parts(product)
        found = {part: self.available(part, facility) for part in parts}
        if all(units is None for units in found.values()):
            return None
        return min((units or 0) // parts[part] for part, units in found.items())

    def parts(self, product: str) -> dict[str, int]:
        """What a kit takes of products that are no kits."""
        parts: dict[str, int] = {}
        for component, quantity in self.kits[product].items():
            inner = self.parts(component) if component in self.kits else {component: 1}
            for part, units in inner.items():
                parts[part] = parts.get(part, 0) + quantity * units
        return parts

    def target(self, product: str, channel: Channel) -> int:
        """Online ATP of a location."""
        configured = self.rules.get((product, channel.configuration or ""), Rule())
        if not configured.brokering:
            return 0
        selling = [
            (available, self.rules.get((product, store), Rule()).minimum)
            for store in self.stores
            if self.members.get((channel.group, store))
            and self.rules.get((product, store), Rule()).brokering
            and (available := self.available(product, store)) is not None
        ]
        promised = sum(max(0, available - kept) for available, kept in selling)
        if sum(available for available, _ in selling) < 0:
            promised = 0
        waiting = min(0, self.available(product, channel.queue) or 0) if channel.queue_is_virtual else 0
        if not self.deducts.get(channel.location, True):
            waiting = 0
        return max(0, promised - configured.minimum + waiting)
