"""Random histories of one order: whatever comes first, the stock ends the same, and no sold unit is ever for sale."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock import ledger
from tests.stock.orders.fulfilment_retailer import STORE, Retailer, Row
from tests.world import ONLINE, World

FACILITIES: tuple[str, ...] = ("BROADWAY", "WH")
STOCK = 10


@pytest.fixture
def retailer(connection: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    """A retailer whose database believes the clock of the test: what is imported at an hour is reserved at it."""
    made = Retailer(connection, world, monkeypatch)
    connection.execute(b"CREATE SCHEMA clock")
    connection.execute(
        b"CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql"
        b" AS $$SELECT current_setting('clock.now')::timestamptz$$"
    )
    connection.execute(b"SET search_path = clock, public, pg_catalog")
    set_clock(made, 0)
    return made


def set_clock(retailer: Retailer, hour: float) -> None:
    retailer.connection.execute(b"SELECT set_config('clock.now', %s, FALSE)", [retailer.at(hour).isoformat()])


@dataclass(frozen=True)
class Shipment:
    facility: str
    hour: int
    quantity: int


@dataclass(frozen=True)
class Count:
    hour: float
    counts: dict[str, int]
    on_hand: bool


@dataclass(frozen=True)
class Import:
    hour: float
    taken: int
    fulfilled: int


@dataclass(frozen=True)
class File:
    shipments: tuple[int, ...]


Step = Count | Import | File


@dataclass(frozen=True)
class History:
    """What happens to one order: what it sells and where, what is sent, and when each becomes known."""

    location: str
    shipments: tuple[Shipment, ...]
    steps: tuple[tuple[float, Step], ...]

    @property
    def imports(self) -> list[Import]:
        return [step for _, step in self.steps if isinstance(step, Import)]

    @property
    def counts(self) -> list[Count]:
        return [step for _, step in self.steps if isinstance(step, Count)]

    @property
    def sent(self) -> int:
        return sum(shipment.quantity for shipment in self.shipments)

    @property
    def fulfilled_at(self) -> float:
        """When Shopify's word was heard."""
        return next((each.hour for each in self.imports if each.fulfilled), 99)

    @property
    def counted_since(self) -> set[str]:
        """The facilities of which a snapshot speaks that was taken after Shopify's word was heard."""
        return {facility for count in self.counts if count.hour > self.fulfilled_at for facility in count.counts}


shipments_of = st.lists(
    st.builds(Shipment, st.sampled_from(FACILITIES), st.integers(0, 4), st.integers(1, 2)), min_size=1, max_size=3
)
delays = st.integers(0, 4)


@st.composite
def histories(draw: st.DrawFn, *, truthful: bool) -> History:
    """A history; `truthful` snapshots show facilities as they were, and Shopify calls fulfilled what has left.

    A store's ATP knows of what was sent for it from elsewhere, so truthful snapshots speak of all facilities then.
    """
    location = draw(st.sampled_from([ONLINE, STORE]))
    shipments = draw(shipments_of)
    taken = sum(shipment.quantity for shipment in shipments) + draw(st.integers(0, 2))
    arrivals: list[tuple[float, Step]] = [
        (each.hour, each) for each in draw(imports_of(taken, shipments if truthful else None))
    ]
    moments = st.sampled_from([0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    for hour in draw(st.lists(moments, min_size=1, max_size=3, unique=True)):
        on_hand = draw(st.booleans())
        covered = FACILITIES
        if location == ONLINE or not truthful:
            covered = draw(st.sampled_from([FACILITIES, FACILITIES[:1], FACILITIES[1:]]))
        if truthful:
            numbers = {each: count_of(location, shipments, taken, each, hour, on_hand) for each in covered}
        else:
            numbers = {each: draw(st.integers(0, 12)) for each in covered}
        arrivals.append((hour + draw(delays), Count(hour, numbers, on_hand)))
    names = list(range(len(shipments)))
    for file in [names, *draw(st.lists(st.lists(st.sampled_from(names), min_size=1, max_size=3), max_size=2))]:
        made = max(shipments[number].hour for number in file)
        arrivals.append((made + draw(delays), File(tuple(file))))
    ordered = sorted(draw(st.permutations(arrivals)), key=lambda arrival: arrival[0])
    return History(location, tuple(shipments), tuple(ordered))


@st.composite
def imports_of(draw: st.DrawFn, taken: int, shipments: list[Shipment] | None) -> list[Import]:
    """What imports read: an order that grows; from one of them on Shopify calls a part fulfilled."""
    moments = st.sampled_from([0.25, 1.25, 2.25, 3.25, 4.25])
    hours = sorted(draw(st.lists(moments, min_size=1, max_size=3, unique=True)))
    grown = sorted(draw(st.lists(st.integers(0, taken), min_size=len(hours) - 1, max_size=len(hours) - 1)))
    first = draw(st.integers(0, len(hours) - 1))
    most = [*grown, taken][first]
    if shipments is not None:
        most = min(most, sum(each.quantity for each in shipments if each.hour < hours[first]))
    fulfilled = draw(st.sampled_from([most, most // 2, 0]))
    return [
        Import(hour, units, fulfilled if number >= first else 0)
        for number, (hour, units) in enumerate(zip(hours, [*grown, taken], strict=True))
    ]


def count_of(location: str, shipments: list[Shipment], taken: int, facility: str, hour: float, on_hand: bool) -> int:
    """What the ERP says of a facility: by ATP, less what it holds there for the store's order."""
    gone = [shipment for shipment in shipments if shipment.hour <= hour]
    there = STOCK - sum(shipment.quantity for shipment in gone if shipment.facility == facility)
    if on_hand or location == ONLINE or facility != "BROADWAY":
        return there
    return there - (taken - sum(shipment.quantity for shipment in gone))


@dataclass
class Play:
    """Plays a history to Trueup, with a product and an order of its own, on a day after those of the plays before."""

    retailer: Retailer
    history: History
    number: int = 0
    waiting: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.number = next(self.retailer.numbers)
        self.retailer.now += timedelta(days=1)
        self.product = f"p{self.number}"
        self.item = f"gid://shopify/InventoryItem/{self.number}"
        self.order_id = f"gid://shopify/Order/{self.number}"
        self.retailer.orders.clear()
        self.retailer.product(self.product, self.item, STOCK, STOCK)

    def step(self, arrival: float, step: Step) -> None:
        set_clock(self.retailer, arrival)
        match step:
            case Import(_, taken, fulfilled):
                self.retailer.order(
                    {self.history.location: taken},
                    {self.history.location: fulfilled},
                    order_id=self.order_id,
                    name=f"#{self.number}",
                    item=self.item,
                )
            case Count(hour, counts, on_hand):
                self.retailer.snapshot(hour, counts, self.product, on_hand=on_hand)
            case File(numbers):
                self.send(numbers)

    def send(self, numbers: tuple[int, ...]) -> None:
        """A file; what it was refused for is put right by the next import, so it waits to be tried again."""
        shipments = [self.history.shipments[number] for number in numbers]
        rows = [
            Row(shipment.facility, shipment.hour, shipment.quantity, f"parcel {number}", order=self.order_id)
            for number, shipment in zip(numbers, shipments, strict=True)
        ]
        self.retailer.complete(*rows)
        refused = {numbers[line - 1] for line, complaint in self.retailer.complaints.items() if complaint}
        self.waiting = (self.waiting - set(numbers)) | refused

    def finish(self) -> None:
        set_clock(self.retailer, 20)
        self.send(tuple(sorted(self.waiting)))
        assert not self.waiting, self.retailer.complaints
        self.retailer.import_orders()


Event = tuple[float, int, int]
"""Hour, and by how much on hand and available to promise change."""


def expected(history: History) -> dict[str, tuple[int, int]]:
    """The stock by what has happened, in the order in which it happened; arrival plays no part."""
    last = history.imports[-1]
    events: dict[str, list[Event]] = {facility: [(-100, STOCK, STOCK)] for facility in FACILITIES}
    for each in history.shipments:
        events[each.facility].append((each.hour, -each.quantity, -each.quantity))
    stock: dict[str, tuple[int, int]] = {}
    if history.location == STORE:
        events["BROADWAY"] += of_the_store(history)
    else:
        by_shopify = last.fulfilled if len(history.counted_since) == len(FACILITIES) else 0
        stock["_NA_"] = (0, max(history.sent, by_shopify) - last.taken)
    for facility in FACILITIES:
        counts = [count for count in history.counts if facility in count.counts]
        newest = max(counts, key=lambda count: count.hour, default=None)
        stock[facility] = counted(events[facility], facility, newest)
    return {facility: pair for facility, pair in stock.items() if any(pair)}


def of_the_store(history: History) -> list[Event]:
    """What the order does to the store that it is reserved in, besides what the store sends."""
    events: list[Event] = []
    before = 0
    for each in history.imports:
        events.append((each.hour, 0, before - each.taken))
        before = each.taken
    reserved_at = next(each.hour for each in history.imports if each.taken)
    events += [(max(reserved_at, each.hour), 0, each.quantity) for each in history.shipments]
    events.append((history.fulfilled_at, -max(0, history.imports[-1].fulfilled - history.sent), 0))
    return events


def counted(events: list[Event], facility: str, count: Count | None) -> tuple[int, int]:
    """A count sets the one number as of its hour and moves the other along, so their gap stays."""
    on_hand, to_promise = sum(event[1] for event in events), sum(event[2] for event in events)
    if count is None:
        return on_hand, to_promise
    before = [event for event in events if event[0] <= count.hour]
    moved = count.counts[facility] - sum(event[1] if count.on_hand else event[2] for event in before)
    return on_hand + moved, to_promise + moved


def is_decided(history: History) -> bool:
    """Whether snapshots after Shopify's word speak of all facilities or of none: between, it depends on the stock."""
    return history.location == STORE or len(history.counted_since) != 1


SETTINGS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(histories(truthful=False).filter(is_decided))
def test_any_order_of_arrival_ends_in_the_same_stock(retailer: Retailer, history: History) -> None:
    play = Play(retailer, history)
    for arrival, step in history.steps:
        play.step(arrival, step)
    play.finish()
    assert retailer.stock(play.product) == expected(history)
    assert ledger.out_of_balance(retailer.connection) == []


@SETTINGS
@given(histories(truthful=True))
def test_no_sold_unit_is_ever_for_sale(retailer: Retailer, history: History) -> None:
    play = Play(retailer, history)
    sold = 0
    for arrival, step in history.steps:
        play.step(arrival, step)
        if isinstance(step, Import):
            sold = step.taken
        assert retailer.online(play.product) <= 2 * STOCK - sold
    play.finish()
    assert retailer.online(play.product) <= 2 * STOCK - sold
    if history.location == ONLINE:
        assert retailer.online(play.product) == 2 * STOCK - sold
