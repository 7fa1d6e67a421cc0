"""The control API: what it answers, and how it refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from include.sandbox.shopify import settings
from include.sandbox.shopify.store import Refused
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, Shop, only, row


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("PUT", "settings", {"replay": "sometimes"}, 422, "expected one of documented, observed, none"),
        ("PUT", "settings", {"speed": 1}, 422, "settings: unknown name 'speed'; expected some of replay, "),
        ("PUT", "settings", {"scopes": "all"}, 422, "settings.scopes: got 'all'; expected a list of strings"),
        ("PUT", "settings", {"points": -1}, 422, "settings.points: got -1; expected a number of 0 or more"),
        ("POST", "faults", {"kind": "explode"}, 422, "faults.kind: got 'explode'; expected one of drop_before, "),
        ("POST", "orders", {"lines": []}, 422, "orders.lines: an order needs at least one line"),
        ("POST", "orders", {"lines": [], "source": "fax"}, 422, "expected one of web, pos"),
        ("POST", "orders", {}, 400, "/control/orders: KeyError 'lines'"),
        ("POST", "orders", {"lines": [{"inventoryItemId": "x"}]}, 400, "KeyError 'locationId'"),
        (
            "POST",
            "levels",
            {"inventoryItemId": "x", "locationId": MAIN, "available": 1},
            422,
            "the shop has no item 'x'",
        ),
        ("POST", "levels", [], 400, "/control/levels: TypeError"),
        ("POST", "seed", {"locations": [{"id": MAIN}]}, 400, "/control/seed: KeyError 'name'"),
        ("POST", "orders/cancel", {"id": "gid://shopify/Order/1"}, 422, "the shop has no order"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    shop: Shop, method: str, path: str, body: Any, status: int, text: str
) -> None:
    before = shop.control.settings(), shop.control.levels()
    answer = httpx.request(method, f"{shop.control.url}/control/{path}", json=body, trust_env=False)
    assert answer.status_code == status
    assert text in answer.json()["error"]
    after = shop.control.settings(), shop.control.levels()
    assert {**after[0], "points": 0} == {**before[0], "points": 0}
    assert after[1] == before[1]


def test_text_that_is_no_json(shop: Shop) -> None:
    answer = httpx.post(f"{shop.control.url}/control/seed", content=b"{", trust_env=False)
    assert answer.status_code == 400
    assert "JSONDecodeError" in answer.json()["error"]
    assert "app.py" in answer.json()["error"]


def test_a_seed_that_goes_wrong_leaves_the_shop_as_it_was(shop: Shop) -> None:
    before = shop.control.levels()
    with pytest.raises(Refused, match="the shop has no location"):
        shop.control.seed([], [{"id": ITEMS[0]}], [{"inventoryItemId": ITEMS[0], "locationId": MAIN, "available": 1}])
    assert shop.control.levels() == before


def test_a_seed_hands_out_ids_where_none_are_given(shop: Shop) -> None:
    made = shop.control.seed([{"name": "Here"}], [{"sku": "A"}, {"sku": None}], [])
    assert only(made["locations"]).startswith("gid://shopify/Location/")
    assert len(set(made["items"])) == 2
    answer = shop.post(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on InventoryItem { sku } } }", {"ids": made["items"]}
    )
    assert answer["data"]["nodes"] == [{"sku": "A"}, {"sku": None}]


def test_a_new_seed_forgets_orders_keys_and_history(shop: Shop) -> None:
    shop.order((ITEMS[0], 1))
    shop.adjust(row(expected=9), key="k")
    shop.reset()
    assert shop.control.history() == []
    assert shop.post("{ orders(first: 5) { nodes { id } } }")["data"]["orders"]["nodes"] == []
    assert shop.codes(row(delta=2), key="k") == []


def test_a_shop_can_have_had_orders_before(shop: Shop) -> None:
    """So that two shops of one retailer do not give out the same ids."""
    order = {"inventoryItemId": ITEMS[0], "locationId": MAIN, "quantity": 1}
    numbers = []
    for had in (0, 7):
        levels = [{"inventoryItemId": ITEMS[0], "locationId": MAIN, "available": 3}]
        shop.control.seed([{"id": MAIN, "name": "Main"}], [{"id": ITEMS[0]}], levels, {"Order": had})
        numbers.append([int(shop.control.place_order([order]).rpartition("/")[2]) for _ in range(2)])
    (first, second), (later, _) = numbers
    assert later - first == 7 * (second - first)


def test_an_edit_in_the_admin_is_a_change_without_a_key(shop: Shop) -> None:
    shop.control.edit_level(ITEMS[0], MAIN, 4)
    shop.control.edit_level(ITEMS[0], MAIN, 4)
    shop.control.edit_level(ITEMS[0], OUTLET, 2)
    assert [(x["kind"], x["locationId"], x["delta"], x["key"]) for x in shop.control.history()] == [
        ("edit", MAIN, -6, None),
        ("edit", OUTLET, 2, None),
    ]
    assert [x["locationId"] for x in shop.control.history(since=1)] == [OUTLET]
    assert shop.control.history(since=2) == []
    assert shop.quantities()["available"] == shop.quantities()["on_hand"] == 4


def test_levels_can_be_listed_by_location(shop: Shop) -> None:
    shop.control.edit_level(ITEMS[0], OUTLET, 2)
    answer = httpx.get(f"{shop.control.url}/control/levels", params={"location": OUTLET}, trust_env=False)
    assert answer.json() == [
        {
            "inventoryItemId": ITEMS[0],
            "locationId": OUTLET,
            "sku": "SKU-100",
            "available": 2,
            "on_hand": 2,
            "committed": 0,
        }
    ]
    assert len(shop.control.levels()) == 6


def test_settings_are_shown_under_the_names_that_set_them(shop: Shop) -> None:
    assert set(shop.control.settings()) == set(settings.NAMES)
    changed = shop.control.settings(latency_seconds=0.01, clock_offset=-5, order_search_lag=2)
    assert (changed["latency_seconds"], changed["clock_offset"], changed["order_search_lag"]) == (0.01, -5, 2)
    assert shop.control.settings() | {"points": 0} == changed | {"points": 0}


def test_it_says_that_it_is_well(shop: Shop) -> None:
    assert httpx.get(f"{shop.control.url}/healthz", trust_env=False).json() == {"status": "ok"}
