"""The delivery automaton, against whatever a network, a shop and sudden deaths can do to it, in any order.

`DELIVERY_EXAMPLES=2000 pytest tests/channel/delivery/test_delivery_machine.py` tries longer, with other examples each
time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from include.sandbox.shopify import Emulator
from include.stock import ledger
from tests.channel.delivery.delivery_world import FATES, PRODUCTS, Level, Shop
from tests.databases import Databases

EXAMPLES = int(os.environ.get("DELIVERY_EXAMPLES", "0"))
SUITE_EXAMPLES = 20
STEPS = 25
ROUNDS_TO_REST = 5
"""Rounds of all jobs in which everything comes to rest once the network is well and nobody does anything."""

UNDER_WAY = ("HELD", "PLANNED", "SENDING", "UNKNOWN")

product_ids = st.sampled_from(PRODUCTS)
deaths = st.one_of(st.none(), st.none(), st.integers(0, 40))
"""Before which statement a process dies."""

fates = st.lists(st.sampled_from(FATES), min_size=1, max_size=3)
events = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), product_ids, st.integers(1, 3)),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("edit"), product_ids, st.integers(-3, 3).filter(bool)),
        st.tuples(st.just("deliver")),
        st.tuples(st.just("plan")),
    ),
    max_size=2,
)
"""What happens between two looks."""


class DeliveryMachine(RuleBasedStateMachine):
    """Rules: what can happen. Invariants: what holds whatever has happened."""

    databases: Databases
    database: str
    emulator: Emulator

    def __init__(self) -> None:
        super().__init__()
        self.databases.clear(self.database)
        self.shop = Shop(self.databases.cluster.dsn(self.database), self.emulator)

    @rule(product=product_ids, units=st.integers(-6, 6).filter(bool))
    def stock_moves(self, product: str, units: int) -> None:
        self.shop.move(product, units)

    @rule(product=product_ids, units=st.integers(1, 3))
    def a_customer_buys(self, product: str, units: int) -> None:
        self.shop.sell(product, units)

    @rule()
    def an_order_is_cancelled(self) -> None:
        self.shop.cancel()

    @rule(product=product_ids, units=st.integers(-3, 3).filter(bool))
    def somebody_edits_a_level(self, product: str, units: int) -> None:
        self.shop.edit(product, units)

    @rule(product=product_ids, named=st.booleans())
    def the_shop_dislikes_an_item(self, product: str, named: bool) -> None:
        self.shop.be_odd(product, named=named)

    @rule()
    def what_was_wrong_is_put_right(self) -> None:
        self.shop.release()

    @rule(seconds=st.sampled_from([1, 5, 12, 31]))
    def time_passes(self, seconds: int) -> None:
        self.shop.let_pass(seconds)

    @rule(which=st.integers(0, 5))
    def a_late_request_arrives(self, which: int) -> None:
        on_their_way = self.shop.wire.on_their_way
        if on_their_way:
            self.shop.wire.arrive(on_their_way.pop(which % len(on_their_way)).variables)

    @rule(death=deaths)
    def orders_are_imported(self, death: int | None) -> None:
        self.shop.until_death(death, self.shop.import_orders)

    @rule(is_cautious=st.booleans(), death=deaths)
    def a_plan_is_made(self, is_cautious: bool, death: int | None) -> None:
        self.shop.until_death(death, lambda: self.shop.plan(is_cautious=is_cautious))

    @rule(approve=st.booleans(), death=deaths)
    def somebody_decides(self, approve: bool, death: int | None) -> None:
        self.shop.until_death(death, lambda: self.shop.decide(approve=approve))

    @rule(fates=fates, reads_fail=st.booleans(), death=deaths)
    def it_is_delivered(self, fates: list[str], reads_fail: bool, death: int | None) -> None:
        self.shop.until_death(death, lambda: self.shop.deliver(fates, reads_fail=reads_fail))

    @rule(product=product_ids, units=st.integers(-6, 6).filter(bool), sold=st.integers(0, 2), fates=fates)
    def something_is_pushed_while_it_is_sold(self, product: str, units: int, sold: int, fates: list[str]) -> None:
        """What leads to most trouble, in one step."""
        self.shop.move(product, units)
        self.shop.plan()
        if sold:
            self.shop.sell(product, sold)
        self.shop.until_death(None, lambda: self.shop.deliver(fates))

    @rule(meanwhile=events, death=deaths)
    def unknown_outcomes_are_settled(self, meanwhile: list[tuple[Any, ...]], death: int | None) -> None:
        self.shop.until_death(death, lambda: self.shop.settle(self._acts(meanwhile)))

    @rule(meanwhile=events, death=deaths)
    def all_levels_are_looked_at(self, meanwhile: list[tuple[Any, ...]], death: int | None) -> None:
        self.shop.until_death(death, lambda: self.shop.look(self._acts(meanwhile)))

    def _acts(self, events: list[tuple[Any, ...]]) -> list[Callable[[], None]]:
        return [lambda name=name, given=given: getattr(self.shop, name)(*given) for name, *given in events]  # type: ignore[misc]

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        """What holds after each step; the two sides are looked at once."""
        levels = self.shop.levels()
        self._positions_hold(levels)
        self._batches_hold()
        assert {row: times for row, times in self.shop.applied().items() if times > 1} == {}, "applied twice"
        kept = {product for product, level in levels.items() if level.quarantine_reason}
        assert kept <= {product for product, each in self.shop.products.items() if each.was_odd}, "in quarantine"
        assert ledger.out_of_balance(self.shop.connection) == []

    def _positions_hold(self, levels: dict[str, Level]) -> None:
        """Shopify shows the position less the unseen orders, plus edits; with an unknown batch, or without it."""
        shown, imported = self.shop.shown(), self.shop.imported()
        for product_id, level in levels.items():
            product = self.shop.products[product_id]
            if level.position is None:
                continue
            off = shown[product_id] + product.sold - imported[product_id] - level.position
            where = f"{product_id}: {level}, {product}, Shopify shows {shown[product_id]}"
            if level.status_id in ("SENDING", "UNKNOWN"):
                product.is_unsure |= bool(product.edited)
                assert product.is_unsure or off in (0, level.delta), f"{where}: off by {off}"
            elif product.is_unsure or off == 0:
                product.edited, product.is_unsure = off, False
            else:
                assert off == product.edited, f"{where}: off by {off}"

    def _batches_hold(self) -> None:
        """A level names the one open batch that has its row; a batch ends with its rows; no delta is overtaken."""
        wrong = self.shop.connection.execute(
            b"SELECT batch.outbox_batch_id, batch.status_id, batch_row.outcome, level.product_id, level.outbox_batch_id"
            b" FROM outbox_batch AS batch INNER JOIN outbox_batch_row AS batch_row USING (outbox_batch_id)"
            b" INNER JOIN inventory_level AS level USING (inventory_item_id, location_id)"
            b" WHERE (batch.status_id = ANY(%(open)s) AND batch_row.outcome IS NULL)"
            b" IS DISTINCT FROM (level.outbox_batch_id IS NOT DISTINCT FROM batch.outbox_batch_id)"
            b" OR (batch.finished_at IS NULL) <> (batch.status_id = ANY(%(open)s))"
            b" OR (batch.status_id <> ALL(%(open)s) AND batch_row.outcome IS NULL)"
            b" OR EXISTS (SELECT FROM outbox_batch_row AS other"
            b" WHERE other.inventory_item_id = batch_row.inventory_item_id"
            b" AND other.outbox_batch_id > batch.replaces_batch_id AND other.outbox_batch_id < batch.outbox_batch_id)",
            {"open": list(UNDER_WAY)},
        ).fetchall()
        assert wrong == []

    def teardown(self) -> None:
        """See the base class. An example that has failed already is not brought to rest."""
        try:
            if sys.exc_info()[0] is None:
                self._come_to_rest()
        finally:
            self.shop.close()

    def _come_to_rest(self) -> None:
        shop = self.shop
        shop.release()
        for _ in range(ROUNDS_TO_REST):
            shop.let_pass(60)
            shop.decide(approve=True)
            shop.deliver()
            shop.settle()
            shop.look()
            shop.plan(with_held=True)
            shop.deliver()
            if self._is_at_rest():
                break
        self.all_is_as_it_should_be()
        wanted = {product: max(0, each.stock - each.sold) for product, each in shop.products.items()}
        assert shop.shown() == wanted
        assert {product: (each.target, each.position) for product, each in shop.levels().items()} == {
            product: (units, units) for product, units in wanted.items()
        }
        assert self._is_at_rest()

    def _is_at_rest(self) -> bool:
        """Nothing is under way, and no level waits for a look."""
        row = self.shop.connection.execute(
            b"SELECT EXISTS (SELECT FROM outbox_batch WHERE status_id = ANY(%s))"
            b" OR EXISTS (SELECT FROM inventory_level WHERE delta <> 0 OR to_observe)",
            [list(UNDER_WAY)],
        ).fetchone()
        return row == (False,)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    name = databases.take()
    yield name
    databases.give_back(name)


def test_delivery(databases: Databases, database: str, emulator: Emulator) -> None:
    class Machine(DeliveryMachine):
        pass

    Machine.databases, Machine.database, Machine.emulator = databases, database, emulator
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES or SUITE_EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            print_blob=bool(EXAMPLES),
            suppress_health_check=list(HealthCheck),
        ),
    )
