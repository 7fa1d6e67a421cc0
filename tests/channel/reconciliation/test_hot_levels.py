"""Where orders never pause, an unknown outcome is settled by what alone can explain the level, and never wrongly."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.channel.reconciliation import hot_levels, observation
from include.channel.reconciliation.hot_levels import ANY, CLOCK_TICK, Imported, Pending, Taken
from include.sandbox.shopify.store import Refused
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from include.stock import ledger
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

P = "50001"
HOT, CALM = (P, "50002", "50003"), ("50004", "50005")
ADJUST = "inventoryAdjustQuantities"
LEVEL = (item(P), ONLINE)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Happening:
    """An order: when it took how many units, seconds from the last change of the level; what became of it later."""

    at: int
    units: int
    jitter: int
    imported: bool
    later: str = "open"


HAPPENINGS = st.builds(
    Happening,
    at=st.integers(-30, 30),
    units=st.integers(1, 3),
    jitter=st.integers(-2, 2),
    imported=st.booleans(),
    later=st.sampled_from(["open", "open", "fulfilled", "cancelled", "trimmed", "moved here"]),
)


def order_of(number: int, each: Happening) -> Order:
    """The order as Shopify shows it afterwards. Of what was cancelled it tells no longer that it had been taken.

    From a trimmed one all but one unit were taken off before the last one left; another one came from elsewhere.
    """
    created = NOON + timedelta(seconds=each.at + each.jitter)
    updated = created if each.later == "open" else created + timedelta(seconds=40)
    taken = units_after(each)
    items = (OrderItem(*LEVEL, taken, 0 if each.later == "open" else taken),) if taken else ()
    line = OrderLine(f"gid://shopify/LineItem/{number}", LEVEL[0], taken, each.units)
    return Order(str(number), f"#{number}", created, updated, items, (line,))


def units_after(each: Happening) -> int:
    """What the order has taken by its last state."""
    return {"cancelled": 0, "trimmed": 1}.get(each.later, each.units)


def units_at(each: Happening) -> int:
    """What it had taken when the level was read."""
    return 0 if each.at > 0 or each.later == "moved here" else each.units


@settings(max_examples=400, deadline=None)
@given(st.lists(HAPPENINGS, max_size=6), st.integers(-5, 5).filter(bool), st.booleans(), st.integers(0, 20))
def test_an_explanation_is_never_wrong(happened: list[Happening], delta: int, applied: bool, before: int) -> None:
    shown = before + delta * applied - sum(units_at(each) for each in happened)
    imported = sum(units_after(each) for each in happened if each.imported)
    taken = Taken(0, 0)
    for number, each in enumerate(happened):
        # The import from before the read knew it as it was then; one since has brought what changed.
        stands = each.at < -CLOCK_TICK.seconds and units_at(each) == units_after(each)
        known = Imported(units_after(each), stands) if each.imported else None
        taken += hot_levels.taken_by(order_of(number, each), LEVEL, NOON, known)
    answer = hot_levels.was_applied(Pending(before - imported, delta, imported), shown, taken)
    assert answer in (None, applied)


@given(st.booleans(), st.integers(-5, 5).filter(bool), st.lists(st.integers(1, 3), max_size=4))
def test_orders_well_before_and_well_after_leave_no_doubt(applied: bool, delta: int, units: list[int]) -> None:
    happened = [Happening((-20, 20)[number % 2], each, 0, True) for number, each in enumerate(units)]
    shown = 50 + delta * applied - sum(each.units for each in happened if each.at < 0)
    taken = sum(
        (hot_levels.taken_by(order_of(number, each), LEVEL, NOON) for number, each in enumerate(happened)), Taken(0, 0)
    )
    assert hot_levels.was_applied(Pending(50 - sum(units), delta, sum(units)), shown, taken) is applied


def test_an_order_that_was_trimmed_while_it_was_asked_after_does_not_tell_what_it_had_taken() -> None:
    """Three units were sold before, one of them has left; the other two were taken off after the level was read."""
    order = order_of(1, Happening(-20, 3, 0, True, "trimmed"))
    pending = Pending(50 - 1, -2, 1)
    for known in (None, Imported(1, stands=False)):
        taken = hot_levels.taken_by(order, LEVEL, NOON, known)
        assert hot_levels.was_applied(pending, 50 - 3, taken) is None, "or the push would be taken for applied"


def test_an_order_that_left_the_level_and_shows_no_line_of_it_any_more_decides_nothing() -> None:
    created = NOON - timedelta(seconds=20)
    order = Order("1", "#1", created, NOON + timedelta(seconds=20), (), ())
    taken = hot_levels.taken_by(order, LEVEL, NOON, Imported(3, stands=True))
    assert hot_levels.was_applied(Pending(50 - 3, 3, 3), 50 - 3 + 3, taken) is None


@dataclass(frozen=True)
class Told:
    """An order of three units as it is told: seconds from the last change of the level, and what is left of it."""

    created: int
    updated: int
    taken: int = 3
    fulfilled: int = 0
    returned: int = 0
    ordered: int | None = 3
    location: str = ONLINE

    def order(self) -> Order:
        lines = () if self.ordered is None else (OrderLine("gid://shopify/LineItem/1", item(P), 3, self.ordered),)
        items = (OrderItem(item(P), self.location, self.taken, self.fulfilled, self.returned),)
        created, updated = (NOON + timedelta(seconds=each) for each in (self.created, self.updated))
        return Order("1", "#1", created, updated, items, lines)


@pytest.mark.parametrize(
    ("told", "known", "least", "most"),
    [
        (Told(-9, -3), None, 3, 3),
        (Told(-9, -3, returned=1), None, 2, 2),
        (Told(-9, -3, location="elsewhere"), None, 0, 0),
        (Told(-9, -2), None, 0, ANY),
        (Told(-2, -2), None, 0, 3),
        (Told(2, 2), None, 0, 3),
        (Told(3, 3), None, 0, 0),
        (Told(3, 9), None, 0, 0),
        (Told(-9, 9), None, 0, ANY),
        (Told(-9, 9, returned=1), None, -1, ANY),
        (Told(-9, 9, fulfilled=3), None, 0, 3),
        (Told(-9, 9, fulfilled=2), None, 0, ANY),
        (Told(-9, 9, fulfilled=3, ordered=4), None, 0, ANY),
        (Told(-9, 9, taken=0, ordered=None), None, 0, 0),
        (Told(-9, 9, taken=0, ordered=None), Imported(3, stands=True), 0, ANY),
        (Told(-9, 9), Imported(3, stands=True), 3, 3),
        (Told(-9, 9), Imported(3, stands=False), 0, ANY),
        (Told(-9, 9), Imported(2, stands=True), 0, ANY),
    ],
)
def test_what_an_order_can_have_taken_by_then(told: Told, known: Imported | None, least: int, most: int) -> None:
    """The two clocks may differ by two seconds; whatever changed later may have been anything before."""
    assert hot_levels.taken_by(told.order(), LEVEL, NOON, known) == Taken(least, most)


def test_what_may_be_anything_stays_so_with_more() -> None:
    assert Taken(1, ANY) + Taken(2, 3) == Taken(3, ANY)


def test_a_level_that_nothing_explains_waits() -> None:
    assert hot_levels.was_applied(Pending(10, -2, 0), 50, Taken(0, 0)) is None, "somebody has edited it"
    assert hot_levels.was_applied(Pending(10, -2, 0), 8, Taken(0, 2)) is None, "an order of 2, or the batch"


def keep_selling(store: Store, dice: random.Random, source: str = "web") -> Callable[[float], None]:
    """Let time pass, and orders come in all the while."""

    def sleep(seconds: float) -> None:
        time.sleep(min(seconds, 0.15))
        for _ in range(3):
            store.emulator.advance(seconds / 3 + dice.randint(3, 9))
            if store.shown(P) > 0:
                store.emulator.place_order(
                    [{"inventoryItemId": item(P), "locationId": ONLINE, "quantity": 1}], source=source
                )
        store.emulator.advance(dice.randint(3, 9))

    return sleep


@pytest.mark.parametrize("source", ["web", "pos"])
@pytest.mark.parametrize(
    ("fault", "applied"),
    [({"kind": "drop_before"}, False), ({"kind": "drop_after"}, True), ({"kind": "late", "seconds": 0.05}, True)],
    ids=["never applied", "answer lost", "applied late"],
)
def test_a_hot_level_is_settled_while_orders_keep_coming(
    store: Store, fault: dict[str, object], applied: bool, source: str
) -> None:
    store.open({P: 100})
    store.connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 0.1, order_search_lag = 3")
    store.emulator.settings(clock_rate=0, order_search_lag=3)
    try:
        store.emulator.advance(100)
        store.move(P, -20)
        store.emulator.fault(operation=ADJUST, **fault)  # type: ignore[arg-type]
        assert store.push().unknown == 1
        calls = store.emulator.stats()["calls"][ADJUST]
        settlement = observation.settle(
            store.connection, SHOP, store.client, keep_selling(store, random.Random(1), source)
        )
        assert (settlement.settled, settlement.explained) == (1, 1)
        assert store.emulator.stats()["calls"][ADJUST] == calls, "looking sends nothing"
        row = store.connection.execute(b"SELECT outcome FROM outbox_batch_row").fetchone()
        assert row == ("LOOKS_APPLIED" if applied else "LOOKS_NOT_APPLIED",)
        assert store.batches() == ["SETTLED"]
        store.emulator.advance(10)
        store.import_orders()
        store.push()
        assert (store.shown(P), store.applied(P)) == (store.level(P)[0], [-20])
    finally:
        store.emulator.settings(clock_rate=1)


@dataclass
class Weather:
    """A random world of hot and calm levels: orders, stock, faults, imports, settlements."""

    store: Store
    dice: random.Random
    orders: list[str] = field(default_factory=list)
    explained: int = 0

    def step(self) -> None:
        self.store.emulator.advance(self.dice.randint(0, 4))
        happenings = [self.sell, self.sell, self.change_order, self.stock, self.stock, self.push, self.push, self.look]
        self.dice.choice(happenings)()

    def sell(self) -> None:
        product = self.dice.choice([*HOT, *HOT, *HOT, *CALM])
        if self.store.shown(product) > 3:
            line = {"inventoryItemId": item(product), "locationId": ONLINE, "quantity": self.dice.randint(1, 2)}
            placed = self.store.emulator.place_order([line], source=self.dice.choice(["web", "web", "pos"]))
            self.orders.append(placed)

    def change_order(self) -> None:
        if self.orders:
            order = self.orders.pop(self.dice.randrange(len(self.orders)))
            changes: list[Callable[[str], None]] = [self.store.emulator.cancel_order, self.store.emulator.fulfil_order]
            with suppress(Refused):  # a sale at the till is fulfilled already
                self.dice.choice(changes)(order)

    def stock(self) -> None:
        self.store.move(self.dice.choice([*HOT, *CALM]), self.dice.randint(-4, 5))

    def push(self) -> None:
        kinds = ["drop_before", "drop_after", "late", None, None]
        if kind := self.dice.choice(kinds):
            self.store.emulator.fault(kind, operation=ADJUST, **({"seconds": 0.02} if kind == "late" else {}))
        self.store.push()
        self.store.emulator.clear_faults()

    def look(self) -> None:
        def meanwhile(seconds: float) -> None:
            time.sleep(min(seconds, 0.12))
            self.store.emulator.advance(seconds)
            for _ in range(self.dice.randint(1, 5)):
                self.sell()
                self.store.emulator.advance(self.dice.randint(0, 4))

        self.explained += observation.settle(self.store.connection, SHOP, self.store.client, meanwhile).explained


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_random_worlds_end_with_the_right_numbers(store: Store, seed: int) -> None:
    """The model's worlds, through the real parts: whatever was lost, late or answered into the void, once."""
    store.open(dict.fromkeys((*HOT, *CALM), 100))
    store.connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 0.1, order_search_lag = 3")
    store.emulator.settings(clock_rate=0, order_search_lag=3)
    try:
        weather = Weather(store, random.Random(seed))
        for _ in range(150):
            weather.step()

        def calm(seconds: float) -> None:
            time.sleep(0.12)
            store.emulator.advance(seconds + 4)

        for _ in range(4):
            store.emulator.advance(20)
            observation.settle(store.connection, SHOP, store.client, calm)
            store.import_orders()
            store.push()
        assert weather.explained > 0, "or it tried nothing"
        for product in (*HOT, *CALM):
            target, position = store.level(product)
            assert store.shown(product) == target == position
        changes = [
            each for each in store.emulator.history() if each["kind"] == "adjust" and each["name"] == "available"
        ]
        applied = [(each["key"], each["inventoryItemId"]) for each in changes]
        assert len(applied) == len(set(applied)) > 10, "nothing was applied twice"
        assert ledger.out_of_balance(store.connection) == []
    finally:
        store.emulator.settings(clock_rate=1)


def test_the_tick_covers_whole_seconds() -> None:
    assert timedelta(seconds=1) < CLOCK_TICK
