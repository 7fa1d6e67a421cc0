"""Bulk queries: all objects as lines, children tied to their parents; and which queries cannot be run so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify import bulk
from tests.sandbox.shopify.shop import BUNDLE, ITEMS, MAIN, OUTLET, UNTRACKED, Shop, only, wait_for

ITEMS_AND_LEVELS = """{
  inventoryItems {
    edges { node {
      id sku
      inventoryLevels { edges { node { id location { id } quantities(names: ["available"]) { name quantity } } } }
    } }
  }
}"""


def refused(shop: Shop, text: str) -> str:
    payload = shop.post(bulk.RUN_QUERY, {"query": text})["data"]["bulkOperationRunQuery"]
    assert payload["bulkOperation"] is None
    error = only(payload["userErrors"])
    assert (error["field"], error["code"]) == (["query"], "INVALID")
    return str(error["message"])


def test_children_follow_their_parents_and_name_them(shop: Shop) -> None:
    shop.control.edit_level(ITEMS[0], OUTLET, 3)
    done = bulk.wait_until(shop, bulk.query(shop, ITEMS_AND_LEVELS), "COMPLETED")
    lines = bulk.read(done["url"])
    assert (done["objectCount"], done["rootObjectCount"], done["type"]) == ("12", "6", "QUERY")
    items = [each for each in lines if "__parentId" not in each]
    assert [each["id"] for each in items] == [*ITEMS, UNTRACKED, BUNDLE]
    assert items[0] == {"id": ITEMS[0], "sku": "SKU-100"}
    levels = [each for each in lines if each.get("__parentId") == ITEMS[0]]
    assert [(each["location"], each["quantities"]) for each in levels] == [
        ({"id": MAIN}, [{"name": "available", "quantity": 10}]),
        ({"id": OUTLET}, [{"name": "available", "quantity": 3}]),
    ]
    for level in levels:
        assert lines.index(items[0]) < lines.index(level)


def parents(lines: list[dict[str, Any]]) -> list[str]:
    return [each.get("__parentId", each["id"]) for each in lines]


def test_children_follow_directly_only_if_that_is_asked_for(shop: Shop) -> None:
    done = bulk.wait_until(shop, bulk.query(shop, ITEMS_AND_LEVELS, grouped=True), "COMPLETED")
    first, second, third = ITEMS[:3]
    assert parents(bulk.read(done["url"]))[:6] == [first, first, second, second, third, third]
    done = bulk.wait_until(shop, bulk.query(shop, ITEMS_AND_LEVELS), "COMPLETED")
    assert parents(bulk.read(done["url"]))[:6] == [first, second, first, third, second, ITEMS[3]]


def test_no_page_is_too_large(shop: Shop) -> None:
    many = [f"gid://shopify/InventoryItem/{n}" for n in range(1000, 1600)]
    shop.control.seed(
        [{"id": MAIN, "name": "Main"}],
        [{"id": item, "sku": item[-4:]} for item in many],
        [{"inventoryItemId": item, "locationId": MAIN, "available": 1} for item in many],
    )
    query = "{ locations { edges { node { id inventoryLevels(first: 5) { edges { node { item { id } } } } } } } }"
    done = bulk.wait_until(shop, bulk.query(shop, query), "COMPLETED")
    levels = [each for each in bulk.read(done["url"]) if "__parentId" in each]
    assert [each["item"]["id"] for each in levels] == many


def test_filters_hold_and_nothing_found_is_no_file(shop: Shop) -> None:
    query = '{ inventoryItems(query: "sku:SKU-101") { edges { node { id } } } }'
    done = bulk.wait_until(shop, bulk.query(shop, query), "COMPLETED")
    assert bulk.read(done["url"]) == [{"id": ITEMS[1]}]
    done = bulk.wait_until(shop, bulk.query(shop, query.replace("101", "999")), "COMPLETED")
    assert (done["url"], done["fileSize"], done["objectCount"]) == (None, None, "0")


def test_an_export_is_no_snapshot(shop: Shop) -> None:
    shop.control.settings(clock_rate=0, bulk_start_seconds=0, bulk_lines_per_second=1)
    operation = bulk.query(shop, ITEMS_AND_LEVELS, grouped=True)
    shop.control.advance(2)
    wait_for("the first level", lambda: bulk.get(shop, operation)["objectCount"] == "2")
    for item in ITEMS[:2]:
        shop.control.edit_level(item, MAIN, 99)
    shop.control.advance(60)
    done = bulk.wait_until(shop, operation, "COMPLETED")
    shown = {x["__parentId"]: x["quantities"][0]["quantity"] for x in bulk.read(done["url"]) if "__parentId" in x}
    assert (shown[ITEMS[0]], shown[ITEMS[1]]) == (10, 99)


def test_a_missing_scope_ends_it(shop: Shop) -> None:
    shop.control.settings(scopes=["read_products"])
    failed = bulk.wait_until(shop, bulk.query(shop, ITEMS_AND_LEVELS), "FAILED")
    assert failed["errorCode"] == "ACCESS_DENIED"
    assert failed["url"] is None


def test_five_exports_at_a_time(shop: Shop) -> None:
    shop.control.settings(clock_rate=0, bulk_start_seconds=1)
    for _ in range(5):
        bulk.query(shop, ITEMS_AND_LEVELS)
    payload: dict[str, Any] = shop.post(bulk.RUN_QUERY, {"query": ITEMS_AND_LEVELS})["data"]["bulkOperationRunQuery"]
    assert only(payload["userErrors"])["code"] == "OPERATION_IN_PROGRESS"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ shop {", "Invalid bulk query: Syntax Error"),
        ("{ shop { id } }", "Bulk queries must contain at least one connection."),
        ("mutation { a }", "Invalid bulk query: "),
        ("query ($n: Int) { locations(first: $n) { edges { node { id } } } }", "Invalid bulk query: expected a query"),
        ("{ locations { nodes { id } } }", "The connection `locations` must select its nodes by `edges"),
        (
            "{ inventoryItems { edges { node { sku inventoryLevels { edges { node { id } } } } } } }",
            "The parent of the",
        ),
        (
            "{ inventoryItems { edges { node { id inventoryLevels { edges { node { id item { id inventoryLevels {"
            " edges { node { id } } } } } } } } } } }",
            "Bulk queries cannot contain connections nested deeper than 2 levels.",
        ),
        ("{ " + " ".join(f"a{n}: locations {{ edges {{ node {{ id }} }} }}" for n in range(6)) + " }", "Bulk queries"),
        ('{ node(id: "gid://shopify/Location/11") { id } }', "Bulk queries cannot contain a top level `node`"),
    ],
)
def test_queries_that_cannot_be_run(shop: Shop, query: str, message: str) -> None:
    assert refused(shop, query).startswith(message)


def test_the_list_of_items(shop: Shop) -> None:
    query = '{ inventoryItems(first: 2, query: "id:>=101") { nodes { id sku } pageInfo { hasNextPage } } }'
    found = shop.post(query)["data"]["inventoryItems"]
    assert found == {
        "nodes": [{"id": ITEMS[1], "sku": "SKU-101"}, {"id": ITEMS[2], "sku": "SKU-102"}],
        "pageInfo": {"hasNextPage": True},
    }
    answer = shop.post('{ inventoryItems(first: 9, query: "colour:red") { nodes { id } } }')
    assert len(answer["data"]["inventoryItems"]["nodes"]) == 6
    assert only(only(answer["extensions"]["search"])["warnings"])["field"] == "colour"
