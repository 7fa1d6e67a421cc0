"""Where the four API versions differ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.documents import SET
from tests.sandbox.shopify.shop import ADJUST, ITEMS, LEVEL, MAIN, OUTLET, Shop, given, only, row

BARE = ADJUST.replace(", $key: String!", "").replace(" @idempotent(key: $key)", "")
OLD, NEXT, LATER, LATEST = "2026-01", "2026-04", "2026-07", "2026-10"


def answer(shop: Shop, version: str, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    response = shop.http(document, variables, version=version)
    assert response.status_code == 200
    assert response.headers["X-Shopify-API-Version"] == version
    body: dict[str, Any] = response.json()
    return body


def codes(shop: Shop, version: str, *rows: dict[str, Any], document: str = ADJUST, key: str = "k") -> list[str]:
    payload = answer(shop, version, document, {"input": given(*rows), "key": key})["data"]["inventoryAdjustQuantities"]
    return [error["code"] for error in payload["userErrors"]]


def without_compare(**fields: Any) -> dict[str, Any]:
    lacking = row(**fields)
    del lacking["changeFromQuantity"]
    return lacking


def test_the_directive_is_optional_at_first(shop: Shop) -> None:
    variables = {"input": given(row())}
    payload = answer(shop, OLD, BARE, variables)["data"]["inventoryAdjustQuantities"]
    assert payload["userErrors"] == []
    # Without a key nothing is remembered.
    again = answer(shop, OLD, BARE, {"input": given(row(expected=None))})["data"]["inventoryAdjustQuantities"]
    assert again["userErrors"] == []
    assert shop.quantities()["available"] == 12
    assert [entry["key"] for entry in shop.control.history()] == [None, None]
    for version in (NEXT, LATER, LATEST):
        error = only(answer(shop, version, BARE, variables)["errors"])
        assert error["message"] == "The @idempotent directive is required for this mutation but was not provided."


def test_the_key_counts_where_it_is_optional_too(shop: Shop) -> None:
    assert codes(shop, OLD, row()) == []
    assert codes(shop, OLD, row(delta=2)) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    messages = []
    for version in (NEXT, LATER):
        body = answer(shop, version, ADJUST, {"input": given(row(delta=2)), "key": "k"})
        messages.append(only(body["data"]["inventoryAdjustQuantities"]["userErrors"])["message"])
    assert messages == [
        "The same idempotency key cannot be used with different operation parameters.",
        "The request with this idempotency key has different parameters than the original request.",
    ]


def test_the_compare_may_be_left_out_at_first(shop: Shop) -> None:
    assert codes(shop, OLD, without_compare()) == []
    assert codes(shop, OLD, row(expected=9), key="other") == ["CHANGE_FROM_QUANTITY_STALE"]
    for version in (NEXT, LATER, LATEST):
        body = answer(shop, version, ADJUST, {"input": given(without_compare()), "key": "k"})
        assert only(body["errors"])["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"


def test_an_item_that_is_not_stocked_is_an_error_until_2026_07(shop: Shop) -> None:
    for version in (OLD, NEXT, LATER):
        body = answer(shop, version, ADJUST, {"input": given(row(location=OUTLET, expected=0)), "key": "k"})
        error = only(body["data"]["inventoryAdjustQuantities"]["userErrors"])
        assert error == {
            "field": ["input", "changes", "0", "locationId"],
            "message": "The inventory item is not stocked at the location.",
            "code": "ITEM_NOT_STOCKED_AT_LOCATION",
        }
    assert shop.level(location=OUTLET) is None
    assert codes(shop, LATEST, row(location=OUTLET, expected=0), key="new") == []
    assert shop.quantities(location=OUTLET)["available"] == 1


@pytest.mark.parametrize(
    ("mode", "version", "refused", "there"),
    [
        ("silent", LATER, [], 1),
        ("no_effect", LATEST, [], None),
        ("error", LATER, ["ITEM_NOT_STOCKED_AT_LOCATION"], None),
        # The newest version has no code for it.
        ("error", LATEST, [], 1),
    ],
)
def test_what_happens_then_can_be_chosen(
    shop: Shop, mode: str, version: str, refused: list[str], there: int | None
) -> None:
    shop.control.settings(unstocked=mode)
    assert codes(shop, version, row(location=OUTLET, expected=0)) == refused
    assert shop.quantities(location=OUTLET).get("available") == there
    assert len(shop.control.history()) == (there is not None)


def test_a_set_where_the_item_is_not_stocked_succeeds_since_2026_04(shop: Shop) -> None:
    rows = [{"inventoryItemId": ITEMS[0], "locationId": OUTLET, "quantity": 4, "changeFromQuantity": None}]
    wanted = {"name": "available", "reason": "correction", "quantities": rows}
    for version, refused in ((OLD, ["ITEM_NOT_STOCKED_AT_LOCATION"]), (NEXT, [])):
        payload = answer(shop, version, SET, {"input": wanted, "key": version})["data"]["inventorySetQuantities"]
        assert [error["code"] for error in payload["userErrors"]] == refused
    assert shop.quantities(location=OUTLET)["available"] == 4


def test_inactive_levels_can_be_adjusted_since_2026_04(shop: Shop) -> None:
    shop.control.seed(
        [{"id": MAIN, "name": "Main"}],
        [{"id": ITEMS[0], "sku": "A"}],
        [{"inventoryItemId": ITEMS[0], "locationId": MAIN, "available": 10, "active": False}],
    )
    assert codes(shop, OLD, row()) == ["ITEM_NOT_STOCKED_AT_LOCATION"]
    assert codes(shop, NEXT, row(), key="new") == []


def old_set(shop: Shop, version: str = OLD, ignore: bool | None = None, **fields: int | None) -> Any:
    rows = [{"inventoryItemId": ITEMS[0], "locationId": MAIN, "quantity": 4, **fields}]
    wanted: dict[str, Any] = {"name": "available", "reason": "correction", "quantities": rows}
    if ignore is not None:
        wanted["ignoreCompareQuantity"] = ignore
    body = answer(shop, version, SET, {"input": wanted, "key": str(fields)})
    if "data" not in body:
        return only(body["errors"])["message"]
    return [(error["code"], error["field"]) for error in body["data"]["inventorySetQuantities"]["userErrors"]]


def test_the_old_compare_of_a_set_is_there_until_2026_01(shop: Shop) -> None:
    at = ["input", "quantities", "0", "compareQuantity"]
    assert old_set(shop) == [("COMPARE_QUANTITY_REQUIRED", at)]
    assert old_set(shop, compareQuantity=9) == [("COMPARE_QUANTITY_STALE", at)]
    assert old_set(shop, changeFromQuantity=9) == [("CHANGE_FROM_QUANTITY_STALE", None)]
    assert shop.quantities()["available"] == 10
    assert old_set(shop, compareQuantity=10) == []
    assert old_set(shop, ignore=True, compareQuantity=11) == []
    message = old_set(shop, version=NEXT, ignore=True, changeFromQuantity=4)
    assert message == (
        "Variable $input of type InventorySetQuantitiesInput! was provided invalid value for ignoreCompareQuantity "
        "(Field is not defined on InventorySetQuantitiesInput)"
    )


def test_inactive_levels_cannot_be_asked_for_at_first(shop: Shop) -> None:
    variables = {"item": ITEMS[0], "location": MAIN}
    body = answer(shop, OLD, LEVEL, variables)
    assert [error["message"] for error in body["errors"]] == [
        "Field 'inventoryLevel' doesn't accept argument 'includeInactive'",
        "Field 'isActive' doesn't exist on type 'InventoryLevel'",
    ]
    old = LEVEL.replace(", includeInactive: true", "").replace("isActive ", "")
    assert answer(shop, OLD, old, variables)["data"]["inventoryItem"]["inventoryLevel"]["id"]
    assert "errors" not in answer(shop, NEXT, LEVEL, variables)


def test_a_version_that_retires_falls_forward(shop: Shop) -> None:
    shop.control.settings(versions=[LATER, LATEST])
    for asked, served in (("2025-10", LATER), (OLD, LATER), (NEXT, LATER), (LATEST, LATEST)):
        assert shop.http("{ shop { id } }", version=asked).headers["X-Shopify-API-Version"] == served
    # The rules are those of the version that answers.
    error = only(shop.http(BARE, {"input": given(row())}, version=OLD).json()["errors"])
    assert error["extensions"]["code"] == "BAD_REQUEST"
