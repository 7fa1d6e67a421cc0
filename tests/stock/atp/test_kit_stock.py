"""What a facility can make of a kit, part by part; `refresh_targets.sql` says the same of many at a time."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.stock.atp import kit_stock
from include.stock.atp.kit_stock import ComponentPart, KitEdge, Stock

Found = dict[str, tuple[Decimal, Decimal]]


def found(**units: tuple[int, int]) -> Found:
    """Quantity on hand and ATP, by product."""
    return {product: (Decimal(on_hand), Decimal(atp)) for product, (on_hand, atp) in units.items()}


def holds(kit: str, **components: float) -> list[KitEdge]:
    """A kit's list; what is named like a kit, in capitals, is one."""
    return [KitEdge(kit, name, Decimal(str(each)), name.isupper()) for name, each in components.items()]


def sums(stock: Stock) -> tuple[int, int, bool]:
    """Quantity on hand, ATP, and whether anything was ever posted."""
    return int(stock.quantity_on_hand), int(stock.available_to_promise), stock.is_known


def told(kit: str, edges: list[KitEdge], there: Found) -> dict[str, tuple[object, int, bool]]:
    """Of each component how many one kit takes, for how many it is enough, and whether it is the scarcest."""
    parts = kit_stock.of_kit(kit, edges, there).components
    return {part.product_id: (part.quantity, part.makes, part.is_bottleneck) for part in parts}


def test_a_product_that_is_no_kit_has_what_was_posted_there() -> None:
    belt = kit_stock.plain("belt", found(belt=(5, 3)))
    assert sums(belt) == (5, 3, True)
    assert belt.components == ()
    assert sums(kit_stock.plain("buckle", found(belt=(5, 3)))) == (0, 0, False)


def test_the_scarcest_component_counts_each_of_stock_and_promise_for_itself() -> None:
    stock = kit_stock.of_kit("SET", holds("SET", belt=2, buckle=1), found(belt=(9, 9), buckle=(5, 3)))
    assert sums(stock) == (4, 3, True)
    assert told("SET", holds("SET", belt=2, buckle=1), found(belt=(9, 9), buckle=(5, 3))) == {
        "belt": (2, 4, False), "buckle": (1, 3, True),
    }  # fmt: skip


def test_what_was_never_posted_makes_nothing_and_alone_is_not_known() -> None:
    one = kit_stock.of_kit("SET", holds("SET", belt=1, buckle=1), found(belt=(7, 7)))
    assert sums(one) == (0, 0, True)
    assert not kit_stock.of_kit("SET", holds("SET", belt=1, buckle=1), {}).is_known


def test_quantities_multiply_through_kits_and_add_up_over_ways() -> None:
    edges = [*holds("GIFT", SET=3, belt=0.5), *holds("SET", belt=2, buckle=1)]
    assert told("GIFT", edges, found(belt=(20, 20), buckle=(9, 9))) == {
        "belt": (Fraction(13, 2), 3, True), "buckle": (3, 3, True),
    }  # fmt: skip


def test_a_kit_without_a_list_makes_nothing_whatever_lies_there() -> None:
    assert told("GIFT", holds("GIFT", SET=1, belt=1), found(SET=(8, 8), belt=(2, 2))) == {
        "SET": (1, 0, True), "belt": (1, 2, False),
    }  # fmt: skip
    assert sums(kit_stock.of_kit("SET", [], found(SET=(8, 8)))) == (0, 0, False)


def test_what_is_no_kit_has_its_own_stock_though_it_has_a_list() -> None:
    edges = [KitEdge("GIFT", "SET", Decimal(1), component_is_kit=False), *holds("SET", belt=1)]
    assert told("GIFT", edges, found(SET=(8, 6), belt=(1, 1))) == {"SET": (1, 6, True)}


def test_a_circle_ends_and_makes_nothing() -> None:
    edges = [*holds("SET", GIFT=1, belt=1), *holds("GIFT", SET=2)]
    assert told("SET", edges, found(SET=(9, 9), belt=(9, 9))) == {"SET": (2, 0, True), "belt": (1, 9, False)}


@pytest.mark.parametrize(("atp", "makes"), [(None, 0), (0, 0), (5, 2), (4, 2), (-1, -1), (-4, -2)])
def test_for_how_many_kits_a_component_is_enough(atp: int | None, makes: int) -> None:
    available = None if atp is None else Decimal(atp)
    assert ComponentPart("belt", Fraction(2), Decimal(9), available).makes == makes


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4), min_size=1), st.data())
def test_so_many_can_be_made_and_not_one_more(components: dict[str, int], data: st.DataObject) -> None:
    units = {name: data.draw(st.integers(0, 20), name) for name in components}
    stock = kit_stock.of_kit("SET", holds("SET", **components), found(**{name: (n, n) for name, n in units.items()}))
    made = int(stock.available_to_promise)
    assert stock.quantity_on_hand == made
    assert all(units[name] >= made * quantity for name, quantity in components.items())
    assert any(units[name] < (made + 1) * quantity for name, quantity in components.items())
    scarcest = {part.product_id for part in stock.components if part.is_bottleneck}
    assert scarcest == {name for name, quantity in components.items() if units[name] // quantity == made}
