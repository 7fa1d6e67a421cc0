"""Stocking an item at a location, ceasing to, and whether it is tracked at all."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sandbox.shopify.documents import ACTIVATE, DEACTIVATE, TOGGLE, UPDATE_ITEM
from tests.sandbox.shopify.shop import CLOSED, ITEMS, MAIN, OUTLET, UNTRACKED, Shop, only

NOWHERE = "gid://shopify/Location/999"
NOTHING = "gid://shopify/InventoryItem/999"


def activate(shop: Shop, location: str = OUTLET, item: str = ITEMS[0], **quantities: int) -> dict[str, Any]:
    variables = {"item": item, "location": location, "key": str(uuid.uuid4()), **quantities}
    answer = shop.post(ACTIVATE, variables)
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["inventoryActivate"]
    return payload


def deactivate(shop: Shop, level: str, version: str = "2026-10") -> list[dict[str, Any]]:
    answer = shop.http(DEACTIVATE, {"level": level}, version=version).json()
    errors: list[dict[str, Any]] = answer["data"]["inventoryDeactivate"]["userErrors"]
    return errors


def level_id(shop: Shop, location: str = MAIN) -> str:
    level = shop.level(location=location)
    assert level is not None
    return str(level["id"])


def toggle(shop: Shop, *updates: tuple[str, bool], item: str = ITEMS[0]) -> dict[str, Any]:
    wanted = [{"locationId": location, "activate": active} for location, active in updates]
    payload: dict[str, Any] = shop.post(TOGGLE, {"item": item, "updates": wanted})["data"][
        "inventoryBulkToggleActivation"
    ]
    return payload


def test_an_item_is_stocked_with_what_is_there(shop: Shop) -> None:
    payload = activate(shop, available=7)
    assert payload["userErrors"] == []
    assert payload["inventoryLevel"]["quantities"] == [
        {"name": "available", "quantity": 7},
        {"name": "on_hand", "quantity": 7},
    ]
    assert only(shop.control.history())["kind"] == "activate"
    assert activate(shop, item=ITEMS[1], onHand=3)["inventoryLevel"]["quantities"][0]["quantity"] == 3
    assert activate(shop)["inventoryLevel"]["id"] == payload["inventoryLevel"]["id"]
    assert shop.quantities(location=OUTLET)["available"] == 7


@pytest.mark.parametrize(
    ("arguments", "errors"),
    [
        (
            {"location": MAIN, "available": 7},
            [("available", "Not allowed to set available quantity when the item is already active at the location.")],
        ),
        (
            {"location": MAIN, "onHand": 7},
            [("onHand", "Not allowed to set an on_hand quantity when the item is already active at the location.")],
        ),
        (
            {"available": 1, "onHand": 1},
            [
                (
                    name,
                    "The product couldn't be stocked at Outlet because not allowed to set available and on_hand "
                    "quantities at the same time.",
                )
                for name in ("available", "onHand")
            ],
        ),
        (
            {"location": NOWHERE},
            [("locationId", "The product couldn't be stocked because the location wasn't found.")],
        ),
        (
            {"location": CLOSED},
            [("locationId", "The product couldn't be stocked because the location wasn't found.")],
        ),
        ({"item": NOTHING}, [("inventoryItemId", "The product couldn't be stocked because the product was deleted.")]),
        ({"onHand": 1_000_000_001}, [("onHand", "The on_hand quantity must be between -1 billion and 1 billion.")]),
    ],
)
def test_what_cannot_be_stocked(shop: Shop, arguments: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    payload = activate(shop, **arguments)
    assert payload["inventoryLevel"] is None
    assert payload["userErrors"] == [{"field": [field], "message": message} for field, message in errors]
    assert shop.control.history() == []


def test_these_errors_have_no_code(shop: Shop) -> None:
    error = only(shop.post(ACTIVATE.replace("field message", "field message code"))["errors"])
    assert error["message"] == "Field 'code' doesn't exist on type 'UserError'"


def test_a_level_that_is_deactivated_keeps_its_id_and_what_it_holds(shop: Shop) -> None:
    activate(shop)
    before = level_id(shop)
    shop.order((ITEMS[0], 2))
    assert deactivate(shop, before) == []
    level = shop.level()
    assert level is not None
    assert (level["id"], level["isActive"]) == (before, False)
    assert shop.quantities()["available"] == 8
    shown = shop.post(f'{{ inventoryItem(id: "{ITEMS[0]}") {{ inventoryLevels(first: 9) {{ nodes {{ id }} }} }} }}')
    assert [node["id"] for node in shown["data"]["inventoryItem"]["inventoryLevels"]["nodes"]] == [
        level_id(shop, OUTLET)
    ]
    assert activate(shop, MAIN)["inventoryLevel"]["id"] == before
    assert shop.quantities()["available"] == 8


def test_a_key_does_no_harm_where_none_is_needed(shop: Shop) -> None:
    activate(shop)
    document = DEACTIVATE.replace("(inventoryLevelId: $level)", '(inventoryLevelId: $level) @idempotent(key: "k")')
    answer = shop.post(document, {"level": level_id(shop)})
    assert answer["data"]["inventoryDeactivate"]["userErrors"] == []
    level = shop.level()
    assert level is not None
    assert level["isActive"] is False


def test_until_2026_01_a_deactivated_level_lost_what_it_held(shop: Shop) -> None:
    activate(shop)
    assert deactivate(shop, level_id(shop), version="2026-01") == []
    assert shop.quantities()["available"] == 0


def test_what_cannot_be_unstocked(shop: Shop) -> None:
    only_one = only(deactivate(shop, level_id(shop)))
    assert only_one == {
        "field": None,
        "message": "The product couldn't be unstocked from Main because products need to be stocked at a minimum of 1 "
        "location.",
    }
    gone = only(deactivate(shop, "gid://shopify/InventoryLevel/1?inventory_item_id=1"))
    assert gone == {"field": None, "message": "The product couldn't be unstocked because the product was deleted."}


def test_what_would_do_nothing_is_refused(shop: Shop) -> None:
    document = ACTIVATE.replace("onHand: $onHand)", "onHand: $onHand, stockAtLegacyLocation: true)")
    answer = shop.post(document, {"item": ITEMS[0], "location": OUTLET, "key": "k"})
    assert only(answer["errors"])["extensions"]["code"] == "NOT_EMULATED"
    assert shop.level(location=OUTLET) is None


def test_several_locations_at_once(shop: Shop) -> None:
    payload = toggle(shop, (OUTLET, True), (MAIN, False))
    assert payload["userErrors"] == []
    assert [level["id"] for level in payload["inventoryLevels"]] == [level_id(shop, OUTLET), level_id(shop)]
    assert only(toggle(shop, (OUTLET, False))["userErrors"]) == {
        "field": ["inventoryItemUpdates", "0", "locationId"],
        "message": "The variant couldn't be unstocked from Outlet because products need to be stocked at a minimum of "
        "1 location.",
        "code": "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION",
    }
    assert only(toggle(shop, (NOWHERE, True))["userErrors"]) == {
        "field": ["inventoryItemUpdates", "0", "locationId"],
        "message": "The quantity couldn't be updated because the location was not found.",
        "code": "LOCATION_NOT_FOUND",
    }
    assert only(toggle(shop, (MAIN, True), item=NOTHING)["userErrors"])["code"] == "INVENTORY_ITEM_NOT_FOUND"


def test_tracking_can_be_turned_on(shop: Shop) -> None:
    payload = shop.post(UPDATE_ITEM, {"id": UNTRACKED, "input": {"tracked": True}})["data"]["inventoryItemUpdate"]
    assert payload == {"inventoryItem": {"id": UNTRACKED, "sku": "FREE", "tracked": True}, "userErrors": []}
    shop.order((UNTRACKED, 1))
    assert shop.quantities(UNTRACKED)["available"] == -1
    payload = shop.post(UPDATE_ITEM, {"id": NOTHING, "input": {"tracked": True}})["data"]["inventoryItemUpdate"]
    assert payload == {
        "inventoryItem": None,
        "userErrors": [
            {"field": ["id"], "message": "The product couldn't be updated because it does not exist."},
        ],
    }


@pytest.mark.parametrize(
    ("document", "variables", "what"),
    [
        (ACTIVATE, {"item": ITEMS[0], "location": MAIN, "key": "k"}, "activate an inventory item"),
        (DEACTIVATE, {"level": "gid://shopify/InventoryLevel/1"}, "deactivate an inventory"),
        (TOGGLE, {"item": ITEMS[0], "updates": []}, "update the activation status of an inventory"),
        (UPDATE_ITEM, {"id": ITEMS[0], "input": {}}, "update an inventory item"),
    ],
)
def test_each_needs_the_scope_to_write(shop: Shop, document: str, variables: dict[str, Any], what: str) -> None:
    shop.control.settings(scopes=["read_inventory"])
    error = only(shop.post(document, variables)["errors"])
    needed = f"`write_inventory` access scope. Also: The user must have a permission to {what}."
    assert error["extensions"]["requiredAccess"] == needed
    assert error["extensions"]["code"] == "ACCESS_DENIED"
