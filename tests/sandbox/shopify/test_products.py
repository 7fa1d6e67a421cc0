"""Variants and products: what they show of inventory, and when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.documents import UPDATE_ITEM
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, UNTRACKED, Shop, only, row

PRODUCT = "gid://shopify/Product/7"

VARIANTS = """query Variants($query: String) {
  productVariants(first: 250, query: $query) {
    nodes { id sku inventoryQuantity inventoryItem { id } product { id totalInventory } }
  }
}"""


def found(shop: Shop, query: str) -> list[dict[str, Any]]:
    answer = shop.post(VARIANTS, {"query": query})
    assert "errors" not in answer, answer
    nodes: list[dict[str, Any]] = answer["data"]["productVariants"]["nodes"]
    return nodes


def seed(shop: Shop) -> None:
    """A product of two variants with the same SKU, and one of its own without any."""
    shop.control.seed(
        [{"id": MAIN, "name": "Main"}, {"id": OUTLET, "name": "Outlet"}],
        [
            {"id": ITEMS[0], "sku": "SAME", "product": PRODUCT},
            {"id": ITEMS[1], "sku": "SAME", "product": PRODUCT},
            {"id": UNTRACKED, "tracked": False},
        ],
        [
            {"inventoryItemId": ITEMS[0], "locationId": MAIN, "available": 5},
            {"inventoryItemId": ITEMS[0], "locationId": OUTLET, "available": 7},
            {"inventoryItemId": ITEMS[1], "locationId": MAIN, "available": 1},
        ],
    )


def test_a_sku_is_searched_for_and_need_not_be_unique(shop: Shop) -> None:
    seed(shop)
    both = found(shop, 'sku:"SAME"')
    assert [each["inventoryItem"]["id"] for each in both] == list(ITEMS[:2])
    assert [each["inventoryQuantity"] for each in both] == [12, 1]
    assert {each["product"]["id"] for each in both} == {PRODUCT}
    assert {each["product"]["totalInventory"] for each in both} == {13}
    assert found(shop, "sku:same") == [], "case counts"
    alone = only(found(shop, f"product_id:{8_000_000_000_000 + 200}"))
    assert (alone["sku"], alone["inventoryQuantity"], alone["inventoryItem"]["id"]) == (None, 0, UNTRACKED)
    document = "query Item($id: ID!) { inventoryItem(id: $id) { duplicateSkuCount locationsCount { count precision }"
    document += " trackedEditable { locked reason } variant { id } variants(first: 1) { nodes { id } } } }"
    item = shop.post(document, {"id": ITEMS[0]})["data"]["inventoryItem"]
    assert item == {
        "duplicateSkuCount": 1,
        "locationsCount": {"count": 2, "precision": "EXACT"},
        "trackedEditable": {"locked": False, "reason": None},
        "variant": {"id": both[0]["id"]},
        "variants": {"nodes": [{"id": both[0]["id"]}]},
    }


def test_a_deactivated_level_no_longer_counts_for_its_variant(shop: Shop) -> None:
    seed(shop)
    level = shop.level(ITEMS[0], OUTLET)
    assert level is not None
    document = "mutation Off($id: ID!) { inventoryDeactivate(inventoryLevelId: $id) { userErrors { message } } }"
    assert shop.post(document, {"id": level["id"]})["data"]["inventoryDeactivate"]["userErrors"] == []
    assert found(shop, "sku:SAME")[0]["inventoryQuantity"] == 5
    assert found(shop, "sku:SAME")[0]["product"]["totalInventory"] == 6


def test_the_total_of_a_product_lags_and_its_variants_do_not(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    seed(shop)
    shop.control.advance(60)
    shop.control.settings(product_lag=30)
    assert shop.codes(row(delta=4, expected=5)) == []
    shop.order((ITEMS[1], 1))
    first, second = found(shop, "sku:SAME")
    assert (first["inventoryQuantity"], second["inventoryQuantity"]) == (16, 0)
    assert first["product"]["totalInventory"] == 13
    shop.control.advance(31)
    assert found(shop, "sku:SAME")[0]["product"]["totalInventory"] == 16


def test_the_search_by_sku_lags(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    seed(shop)
    shop.control.settings(product_lag=30)
    assert found(shop, "sku:SAME") == [], "the index does not know of them yet"
    shop.control.advance(31)
    assert len(found(shop, "sku:SAME")) == 2
    changed = shop.post(UPDATE_ITEM, {"id": ITEMS[0], "input": {"sku": "NEW"}})["data"]["inventoryItemUpdate"]
    assert changed["userErrors"] == []
    assert found(shop, "sku:NEW") == []
    older = found(shop, "sku:SAME")
    assert [each["sku"] for each in older] == ["NEW", "SAME"], "found by what it was, shown as what it is"
    shop.control.advance(31)
    assert [each["sku"] for each in found(shop, "sku:NEW")] == ["NEW"]
    assert [each["sku"] for each in found(shop, "sku:SAME")] == ["SAME"]


def test_look_ups_by_id_and_what_they_need(shop: Shop) -> None:
    seed(shop)
    variant = found(shop, "sku:SAME")[1]["id"]
    document = """query Look($variant: ID!, $product: ID!) {
      productVariant(id: $variant) { id legacyResourceId title displayName createdAt updatedAt }
      product(id: $product) {
        id title tracksInventory createdAt updatedAt variantsCount { count }
        variants(first: 5, sortKey: SKU) { nodes { id } }
      }
      node(id: $variant) { id }
    }"""
    data = shop.post(document, {"variant": variant, "product": PRODUCT})["data"]
    assert data["productVariant"]["displayName"] == "Product 7 - SAME"
    assert (data["product"]["variantsCount"], len(data["product"]["variants"]["nodes"])) == ({"count": 2}, 2)
    assert data["node"] == {"id": variant}
    nothing = shop.post(document, {"variant": "gid://shopify/ProductVariant/1", "product": "gid://shopify/Product/1"})
    assert nothing["data"] == {"productVariant": None, "product": None, "node": None}
    shop.control.settings(scopes=["read_inventory"])
    denied = shop.post(document, {"variant": variant, "product": PRODUCT})
    assert {error["extensions"]["code"] for error in denied["errors"]} == {"ACCESS_DENIED"}


@pytest.mark.parametrize(("query", "code"), [("barcode:1", "NOT_EMULATED"), ("nothing:1", None)])
def test_filters_of_variants(shop: Shop, query: str, code: str | None) -> None:
    seed(shop)
    answer = shop.post(VARIANTS, {"query": query})
    if code:
        assert only(answer["errors"])["extensions"]["code"] == code
    else:
        assert only(answer["extensions"]["search"])["warnings"][0]["field"] == "nothing"
        assert len(answer["data"]["productVariants"]["nodes"]) == 3


def test_the_search_by_sku_costs_what_was_measured(shop: Shop) -> None:
    seed(shop)
    document = "{ productVariants(first: 250) { nodes { id sku inventoryItem { id tracked } product { id } } } }"
    assert shop.post(document)["extensions"]["cost"]["requestedQueryCost"] == 35


def test_the_names_of_quantities_say_what_they_belong_to(shop: Shop) -> None:
    document = "{ inventoryProperties { quantityNames { name displayName belongsTo comprises isInUse } } }"
    names = {each["name"]: each for each in shop.post(document)["data"]["inventoryProperties"]["quantityNames"]}
    assert len(names) == 8
    parts = {name for name, each in names.items() if each["belongsTo"] == ["on_hand"]}
    assert parts == set(names["on_hand"]["comprises"])
    assert parts == {"available", "committed", "reserved", "damaged", "safety_stock", "quality_control"}
    assert (names["incoming"]["belongsTo"], names["incoming"]["comprises"]) == ([], [])
