"""Random histories of orders, imported at random moments: all agrees with a plain model, and again changes nothing."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.sandbox.shopify.store import Refused
from include.stock import ledger
from include.stock.atp import online_atp
from tests.channel.order_import.order_model import LOCATIONS, STOCK, Line, Order, Shop
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE

PRODUCTS = [f"{number:05d}" for number in range(60001, 60301)]
RESTOCK_TYPES = ("CANCEL", "RETURN", "NO_RESTOCK")
OFTEN = ("fulfil", "refund", "move", "place")
KINDS = (*OFTEN, *OFTEN, "import", "import", "sell", "edit", "edit", "undo", "cancel", "hold", "lag")


@dataclass(frozen=True)
class Step:
    """Something that happens: to which order, which of its two products, where, and how many units."""

    kind: str
    order: int
    product: int
    location: str
    units: int
    variant: int
    seconds: int


def steps_of(dice: random.Random) -> list[Step]:
    """Thrown, not drawn: what is drawn tends to be short, repeats itself, and then little happens to any order."""
    return [
        Step(
            kind=dice.choice(KINDS),
            order=dice.randrange(6),
            product=dice.randrange(2),
            location=dice.choice(LOCATIONS),
            units=dice.choice([1, 1, 2, 3]),
            variant=dice.randrange(3),
            seconds=dice.choice([0, 1, 40, 400]),
        )
        for _ in range(30)
    ]


@pytest.fixture
def opened(store: Store) -> Iterator[Store]:
    """A shop with two products for each history; its clock moves only when told to."""
    store.open(dict.fromkeys(PRODUCTS, STOCK))
    store.world.channel("BROADWAY", STORE_LOCATION, ["BROADWAY"], queue="BROADWAY")
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}, {"id": STORE_LOCATION, "name": "Broadway"}],
        [{"id": item(product)} for product in PRODUCTS],
        [
            {"inventoryItemId": item(product), "locationId": location, "available": STOCK}
            for product, location in itertools.product(PRODUCTS, LOCATIONS)
        ],
    )
    store.plan()
    store.settle()
    store.emulator.settings(clock_rate=0)
    yield store
    store.emulator.settings(clock_rate=1)


@dataclass
class Play:
    """Plays a history to the emulated shop and to the model."""

    store: Store
    products: tuple[str, str]
    model: Shop = field(default_factory=Shop)
    placed: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Two orders, one of each product first."""
        for number, location in enumerate(LOCATIONS):
            self.place(Step("place", 0, number, location, 3, 1 - number, 0))

    def step(self, step: Step) -> None:
        self.store.emulator.advance(step.seconds)
        if step.kind in ("place", "sell"):
            self.place(step)
        elif step.kind == "import":
            self.store.import_orders()
        elif step.kind == "lag":
            self.store.emulator.settings(order_search_lag=step.seconds)
        elif self.placed:
            identity = self.placed[step.order % len(self.placed)]
            before = str(self.model)
            with suppress(Refused):
                getattr(self, step.kind)(step, identity, self.model.orders[identity])
            self.done[step.kind] += str(self.model) != before

    def place(self, step: Step) -> None:
        """One line of the product, and one of the other product where variant says so."""
        lines = [(self.products[step.product], step.location, step.units)]
        if step.variant:
            lines.append((self.products[1 - step.product], LOCATIONS[step.variant - 1], 1))
        at_till = step.kind == "sell"
        identity = self.store.emulator.place_order(
            [self.line(product, units, location) for product, location, units in lines], "pos" if at_till else "web"
        )
        self.placed.append(identity)
        self.model.orders[identity] = Order({})
        for product, location, units in lines:
            line = self.model.orders[identity].lines[product] = Line(product)
            (line.fulfilled if at_till else line.open)[location] += units

    def line(self, product: str, units: int, location: str | None = None, **more: object) -> dict[str, object]:
        where = {} if location is None else {"locationId": location}
        return {"inventoryItemId": item(product), "quantity": units, **where, **more}

    def fulfil(self, step: Step, identity: str, order: Order) -> None:
        line = self.chosen(step, order)
        if line is None or not line.open.total():
            return
        place = line.place or step.location
        units = min(step.units, line.open[place])
        self.store.emulator.fulfil_order(identity, [self.line(line.product, units, place)])
        line.open[place] -= units
        line.fulfilled[place] += units

    def cancel(self, step: Step, identity: str, order: Order) -> None:
        waiting = [line for line in order.lines.values() if line.open.total()]
        restock = step.variant > 0 or any(line.was_moved or line.was_edited for line in waiting)
        self.store.emulator.cancel_order(identity, restock=restock)
        order.is_cancelled = True
        for line in waiting:
            if not restock:
                line.gone += line.open
            line.open.clear()

    def refund(self, step: Step, identity: str, order: Order) -> None:
        line = self.chosen(step, order)
        if line is None:
            return
        kind = RESTOCK_TYPES[step.variant]
        wanted = self.line(line.product, step.units, step.location, restockType=kind)
        if kind == "CANCEL":
            place = line.place
            if place is None:
                return
            self.store.emulator.refund_order(identity, [self.line(line.product, step.units, restockType=kind)])
            line.open[place] -= step.units
        elif kind == "RETURN":
            self.store.emulator.refund_order(identity, [wanted])
            self.model.returned[line.product, step.location] += step.units
            line.refunded += step.units
        else:
            self.refund_without_restock(step, identity, line)

    def refund_without_restock(self, step: Step, identity: str, line: Line) -> None:
        """Of fulfilled units only: of others the state does not tell where they were."""
        if step.units <= line.kept:
            self.store.emulator.refund_order(identity, [self.line(line.product, step.units, restockType="NO_RESTOCK")])
            line.refunded += step.units

    def edit(self, step: Step, identity: str, order: Order) -> None:
        product = self.products[step.product]
        line = order.lines.get(product)
        if order.is_cancelled or (line is not None and (line.place is None or line.gone.total())):
            return
        if line is None:
            self.store.emulator.edit_order(identity, [self.line(product, step.units, step.location)])
            order.lines[product] = Line(product, Counter({step.location: step.units}))
            return
        place = line.place
        assert place is not None
        units = line.kept + step.units - 1
        self.store.emulator.edit_order(identity, [self.line(product, units)])
        line.open[place] = step.units - 1
        line.was_edited = True

    def move(self, step: Step, identity: str, order: Order) -> None:
        line = self.chosen(step, order)
        if line is None or line.gone.total() or order.is_cancelled:
            return
        source = line.place or ONLINE
        target = next(location for location in LOCATIONS if location != source)
        units = min(step.units, line.open[source])
        self.store.emulator.move_order(identity, target, [self.line(line.product, units, source)])
        line.open[source] -= units
        line.open[target] += units
        for each in order.lines.values():  # a fulfilment order that is closed takes the other lines with it
            each.was_moved = True

    def hold(self, step: Step, identity: str, order: Order) -> None:
        self.store.emulator.hold_order(identity, release=step.variant > 0)
        order.is_held = step.variant == 0

    def undo(self, _step: Step, identity: str, order: Order) -> None:
        if order.is_cancelled:
            return
        self.store.emulator.take_back_fulfilment(identity)
        for line in order.lines.values():
            line.open += line.fulfilled
            line.fulfilled.clear()

    def chosen(self, step: Step, order: Order) -> Line | None:
        return order.lines.get(self.products[step.product])

    def check(self) -> None:
        """Everything imported: stock, targets and positions are the model's, and importing again changes nothing."""
        self.store.emulator.settings(order_search_lag=0)
        self.store.emulator.advance(1)
        self.store.import_orders()
        assert self.store.import_orders() == 0
        shown = {
            (level["inventoryItemId"], level["locationId"]): (int(level["available"]), int(level["committed"]))
            for level in self.store.emulator.levels()
        }
        levels, stock = self.store.world.levels(), self.store.world.stock()
        for product in self.products:
            assert {place: stock.get((product, place), (0, 0)) for place in ("BROADWAY", "_NA_")} == self.model.stock(
                product
            )
            for location in LOCATIONS:
                expected = self.model.shopify(product, location)
                assert shown[item(product), location] == expected, "the emulated shop"
                assert levels[product, location] == (self.model.targets(product)[location], expected[0])
        assert ledger.out_of_balance(self.store.connection) == []
        assert online_atp.recompute_all(self.store.connection) == 0


def test_histories_of_orders_end_as_the_model_says(opened: Store) -> None:
    unused = iter(PRODUCTS)
    done: Counter[str] = Counter()

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.integers(0, 10**9))
    def play(seed: int) -> None:
        opened.emulator.advance(1000)
        played = Play(opened, (next(unused), next(unused)))
        played.begin()
        for step in steps_of(random.Random(seed)):
            played.step(step)
        played.check()
        done.update(played.done)

    play()
    assert {kind for kind, times in done.items() if times} == set(KINDS) - {"place", "sell", "import", "lag"}
