"""Random histories of a retailer, against the model: stock, targets, ledger and explanations agree whatever happens."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock import ledger, movements
from include.stock.atp import online_atp
from include.stock.explanation.explain import explain
from tests.stock.retailer import AT_BROADWAY, CHANNELS, GROUPS, OUTLET, STORES, Play, Retailer
from tests.world import ONLINE, World

NAMES = ("a", "b", "k", "n")
"""Two products, a kit of them, and a kit of a kit. The latter are kits once a kit list has said so."""
Step = Callable[[Play], None]

any_product = st.sampled_from(NAMES)
products = st.sampled_from(NAMES[:2])
stores = st.sampled_from(sorted(STORES))
numbers = st.integers(0, 9)
signed = st.integers(-6, 9).filter(bool)
ago = st.sampled_from([0, 1.5, 3.5])


def step(method: Callable[..., None], **arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    """A step that calls a method of the play."""

    def bind(drawn: dict[str, object]) -> Step:
        def run(play: Play) -> None:
            method(play, **drawn)

        run.__name__ = f"{method.__name__}({', '.join(f'{name}={value!r}' for name, value in drawn.items())})"
        return run

    return st.fixed_dictionaries(arguments).map(bind)


steps = st.one_of(
    step(
        Play.snapshot,
        feed=st.sampled_from(["RESET_INVENTORY", "STORE_INV_RESET", "REC_INV_COUNT"]),
        numbers=st.dictionaries(st.tuples(any_product, stores), numbers, min_size=1),
        minutes_ago=ago,
    ),
    step(
        Play.deltas,
        feed=st.sampled_from(["IMP_INV_ADJUST", "IMP_ITM_RECEIPT", "MDM_INV_VARIANCE"]),
        deltas=st.lists(st.tuples(products, stores, signed), min_size=1, max_size=4),
        minutes_ago=ago,
    ),
    step(
        Play.deltas,
        feed=st.just("IMP_INV_TRANS"),
        deltas=st.builds(
            lambda name, ways, units: [(name, ways[0], -units), (name, ways[1], units)],
            products,
            st.permutations(sorted(STORES)),
            st.integers(1, 6),
        ),
        minutes_ago=ago,
    ),
    step(Play.find, name=products, store=stores, quantity=signed),
    step(Play.find, name=products, store=stores, counted=numbers),
    step(Play.order, slot=st.integers(0, 2), name=products, is_online=st.booleans(), taken=numbers, left=numbers),
    step(Play.complete, slot=st.integers(0, 2), store=stores, units=st.integers(1, 4)),
    step(Play.receive, name=products, store=stores, shipped=st.integers(6, 9), accepted=st.integers(0, 6)),
    step(Play.restock, name=products, store=stores, units=st.integers(1, 6)),
    step(
        Play.rule,
        name=any_product,
        facility=st.sampled_from([*STORES, "ONLINE_CONFIG", "OUTLET_CONFIG"]),
        minimum=st.integers(0, 5),
        brokering=st.booleans(),
    ),
    step(Play.hold, kit=st.just("k"), component=products, quantity=st.integers(1, 3)),
    step(Play.hold, kit=st.just("n"), component=st.sampled_from(["a", "k"]), quantity=st.integers(1, 2)),
    step(Play.member, group=st.sampled_from(sorted(GROUPS)), store=stores, is_member=st.booleans()),
    step(Play.deduct, location=st.sampled_from([ONLINE, OUTLET]), deducts=st.booleans()),
)


@pytest.fixture
def retailer(connection: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    return Retailer(connection, world, monkeypatch)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(st.tuples(steps, st.booleans()), min_size=1, max_size=14))
def test_any_history_ends_as_the_model_says(retailer: Retailer, history: list[tuple[Step, bool]]) -> None:
    play = Play(retailer, NAMES)
    for each, is_refreshed in history:
        play.tick()
        each(play)
        if is_refreshed:
            online_atp.refresh(play.connection)
            check_targets(play)
    online_atp.refresh(play.connection)
    check_stock(play)
    check_targets(play)
    check_explanations(play)
    assert online_atp.recompute_all(play.connection) == 0, "a full recompute finds what the refresh has missed"


def check_stock(play: Play) -> None:
    """Stock is the model's, and the sum of its ledger."""
    mine = set(play.products.values())
    found = {place: pair for place, pair in play.retailer.world.stock().items() if place[0] in mine}
    assert {place: pair for place, pair in found.items() if any(pair)} == {
        place: pair for place, pair in play.model.all_stock().items() if any(pair)
    }
    assert ledger.out_of_balance(play.connection) == []


def check_targets(play: Play) -> None:
    """Every level shows what the model says."""
    levels = play.retailer.world.levels()
    for product in play.products.values():
        for channel in CHANNELS:
            assert levels[product, channel.location][0] == play.model.target(product, channel), (product, channel)


def check_explanations(play: Play) -> None:
    """Every explanation adds up to the stored target again, and every movement leads back to where it comes from."""
    for product in play.products.values():
        for channel in CHANNELS:
            explained = explain(play.connection, channel.shop, product, channel.location)
            assert explained.level is not None
            assert explained.recomputed_target == explained.level.target
            assert explained.agrees
            assert not explained.item.is_waiting
        for row in movements.newest(play.connection, [product], limit=1000):
            assert row.reason, "every reason has words"
            assert row.order_id or row.physical_inventory_id or (row.file_name and row.line_number) or row.restock_name
            assert row.source


def test_what_the_histories_are_about(retailer: Retailer) -> None:
    """One history with everything in it, so that no kind of step can cease to happen unnoticed."""
    play = Play(retailer, NAMES)
    everything: list[Step] = [
        lambda play: play.snapshot("RESET_INVENTORY", {("a", "BROADWAY"): 9, ("a", "MAIN_WH"): 7}, 0),
        lambda play: play.deltas("IMP_INV_TRANS", [("a", "MAIN_WH", -3), ("a", "PEARL", 3)], 0),
        lambda play: play.deltas("IMP_INV_ADJUST", [("a", "PEARL", 50)], 3.5),
        lambda play: play.find("a", "PEARL", quantity=-1),
        lambda play: play.find("a", "PEARL", counted=5),
        lambda play: play.order(0, "a", True, 4, 0),
        lambda play: play.order(1, "a", False, 3, 2),
        lambda play: play.complete(0, "MAIN_WH", 2),
        lambda play: play.order(0, "a", True, 3, 0),
        lambda play: play.receive("a", "PEARL", 6, 4),
        lambda play: play.restock("a", "MAIN_WH", 6),
        lambda play: play.rule("a", "PEARL", 2, True),
        lambda play: play.rule("a", "ONLINE_CONFIG", 1, True),
        lambda play: play.member("OUTLET", "PEARL", False),
        lambda play: play.snapshot("RESET_INVENTORY", {("b", "PEARL"): 3, ("b", "MAIN_WH"): 9}, 0),
        lambda play: play.hold("k", "a", 2),
        lambda play: play.hold("k", "b", 1),
        lambda play: play.hold("n", "k", 1),
        lambda play: play.hold("n", "a", 2),
        lambda play: play.snapshot("RESET_INVENTORY", {("k", "PEARL"): 100}, 0),
    ]
    for each in everything:
        play.tick()
        each(play)
    online_atp.refresh(play.connection)
    check_stock(play)
    check_targets(play)
    check_explanations(play)
    a = play.products["a"]
    stock = play.model.all_stock()
    assert {place: pair for place, pair in stock.items() if place[0] == a} == {
        (a, "BROADWAY"): (7, 6), (a, "PEARL"): (9, 9), (a, "MAIN_WH"): (8, 8), (a, "_NA_"): (0, -1),
    }  # fmt: skip
    levels = play.retailer.world.levels()
    assert [levels[a, location][0] for location in (ONLINE, AT_BROADWAY, OUTLET)] == [19, 6, 8]
    # At Pearl 9 // 2 and 3 // 1, at the warehouse 8 // 2 and 9 // 1, and an order for one of a; then 9 // 4 and 8 // 4.
    assert [levels[play.products[kit], ONLINE][0] for kit in "kn"] == [3 + 4 - 1, 2 + 2 - 1]
