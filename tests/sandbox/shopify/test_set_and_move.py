"""`inventorySetQuantities`, its forerunner, and `inventoryMoveQuantities`: what they do, and every refusal."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sandbox.shopify.documents import MOVE, SET, SET_ON_HAND
from tests.sandbox.shopify.shop import BUNDLE, CLOSED, ITEMS, MAIN, OUTLET, REFERENCE, Shop, only

NOWHERE = "gid://shopify/Location/999"
NOTHING = "gid://shopify/InventoryItem/999"
LEDGER = "https://example.com/count/1"


def to(quantity: int, item: str = ITEMS[0], expected: int | None = 10, location: str = MAIN) -> dict[str, Any]:
    return {"inventoryItemId": item, "locationId": location, "quantity": quantity, "changeFromQuantity": expected}


def set_(shop: Shop, *rows: dict[str, Any], key: str | None = None, **fields: object) -> dict[str, Any]:
    wanted = {"name": "available", "reason": "correction", "referenceDocumentUri": REFERENCE, "quantities": list(rows)}
    answer = shop.post(SET, {"input": {**wanted, **fields}, "key": key or str(uuid.uuid4())})
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["inventorySetQuantities"]
    return payload


def refusals(payload: dict[str, Any]) -> list[tuple[str, list[str] | None]]:
    assert payload["inventoryAdjustmentGroup"] is None
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


def changes(payload: dict[str, Any]) -> list[tuple[str, int]]:
    assert payload["userErrors"] == []
    return [(row["name"], row["delta"]) for row in payload["inventoryAdjustmentGroup"]["changes"]]


def at(index: int, name: str, rows: str = "quantities") -> list[str]:
    return ["input", rows, str(index), name]


# --- set ---


def test_setting_available_moves_on_hand_along(shop: Shop) -> None:
    assert changes(set_(shop, to(15))) == [("available", 5), ("on_hand", 5)]
    assert shop.quantities()["available"] == shop.quantities()["on_hand"] == 15
    entry = only(shop.control.history())
    assert (entry["kind"], entry["delta"], entry["referenceDocumentUri"]) == ("set", 5, REFERENCE)


def test_setting_on_hand_leaves_what_is_committed(shop: Shop) -> None:
    shop.order((ITEMS[0], 4))
    assert changes(set_(shop, to(12), name="on_hand")) == [("available", 2), ("on_hand", 2)]
    shown = shop.quantities()
    assert (shown["available"], shown["committed"], shown["on_hand"]) == (8, 4, 12)


def test_setting_what_is_there_already_is_a_success_without_a_group(shop: Shop) -> None:
    assert set_(shop, to(10)) == {"inventoryAdjustmentGroup": None, "userErrors": []}
    mixed = set_(shop, to(10), to(11, ITEMS[1]))["inventoryAdjustmentGroup"]["changes"]
    assert {row["item"]["id"] for row in mixed} == {ITEMS[1]}


@pytest.mark.parametrize("name", ["committed", "damaged", ""])
def test_only_two_quantities_can_be_set(shop: Shop, name: str) -> None:
    error = only(set_(shop, to(15), name=name)["userErrors"])
    assert error == {
        "field": ["input", "name"],
        "message": "The quantity name must be either 'available' or 'on_hand'.",
        "code": "INVALID_NAME",
    }


def test_unknown_places_and_parents_of_bundles(shop: Shop) -> None:
    rows = (to(1), to(1, NOTHING, location=NOWHERE), to(1, location=CLOSED), to(1, BUNDLE))
    assert refusals(set_(shop, *rows)) == [
        ("INVALID_INVENTORY_ITEM", at(1, "inventoryItemId")),
        ("INVALID_LOCATION", at(1, "locationId")),
        ("INVALID_LOCATION", at(2, "locationId")),
        ("NON_MUTABLE_INVENTORY_ITEM", at(3, "inventoryItemId")),
    ]
    assert shop.control.history() == []


def test_a_level_named_twice_is_refused_at_every_row_that_names_it(shop: Shop) -> None:
    payload = set_(shop, to(1), to(1, ITEMS[1]), to(2))
    code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
    assert refusals(payload) == [(code, at(0, "locationId")), (code, at(2, "locationId"))]
    message = "The combination of inventoryItemId and locationId must be unique."
    assert {error["message"] for error in payload["userErrors"]} == {message}


@pytest.mark.parametrize(
    ("name", "quantity", "code"),
    [
        ("available", 1_000_000_001, "INVALID_QUANTITY_TOO_HIGH"),
        ("available", 1_000_000_000, None),
        ("available", -5, None),
        ("available", -1_000_000_001, "INVALID_QUANTITY_TOO_LOW"),
        ("on_hand", -1, "INVALID_QUANTITY_NEGATIVE"),
        ("on_hand", 0, None),
    ],
)
def test_bounds_of_what_is_set(shop: Shop, name: str, quantity: int, code: str | None) -> None:
    payload = set_(shop, to(quantity, expected=None), name=name)
    if code:
        assert refusals(payload) == [(code, at(0, "quantity"))]
    else:
        assert payload["userErrors"] == []
        assert shop.quantities()[name] == quantity


def test_the_compare_is_with_the_quantity_that_is_set(shop: Shop) -> None:
    shop.order((ITEMS[0], 4))
    assert refusals(set_(shop, to(20), to(1, ITEMS[1]))) == [("CHANGE_FROM_QUANTITY_STALE", None)]
    assert shop.quantities(ITEMS[1])["available"] == 10
    assert set_(shop, to(20, expected=10), name="on_hand")["userErrors"] == []


def test_an_order_can_slip_in_before_the_compare(shop: Shop) -> None:
    shop.control.fault("stale", operation="inventorySetQuantities")
    assert refusals(set_(shop, to(20))) == [("CHANGE_FROM_QUANTITY_STALE", None)]
    assert shop.quantities()["available"] == 9


def test_the_checks_come_in_their_order(shop: Shop) -> None:
    assert refusals(set_(shop, to(1, NOTHING), reason="because")) == [("INVALID_REASON", ["input", "reason"])]
    assert refusals(set_(shop, to(1, NOTHING), to(1, expected=9))) == [
        ("INVALID_INVENTORY_ITEM", at(0, "inventoryItemId"))
    ]


def test_a_repeat_of_a_set_is_stale_although_it_was_applied(shop: Shop) -> None:
    assert set_(shop, to(15), key="k")["userErrors"] == []
    assert refusals(set_(shop, to(15), key="k")) == [("CHANGE_FROM_QUANTITY_STALE", None)]
    assert shop.quantities()["available"] == 15
    # The key belongs to the mutation as well as to its parameters.
    assert shop.codes(key="k") == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]


def test_the_key_of_the_compare_must_be_there(shop: Shop) -> None:
    lacking = to(15)
    del lacking["changeFromQuantity"]
    wanted = {"name": "available", "reason": "correction", "quantities": [lacking]}
    error = only(shop.post(SET, {"input": wanted, "key": "k"})["errors"])
    assert error["message"] == "InventoryQuantityInput must include the following argument: changeFromQuantity."
    assert error["extensions"] == {"code": "INVALID_FIELD_ARGUMENTS"}


def test_the_forerunner_sets_on_hand(shop: Shop) -> None:
    shop.order((ITEMS[0], 4))
    wanted = {"reason": "correction", "setQuantities": [to(12), to(-1, ITEMS[1])]}
    payload = shop.post(SET_ON_HAND, {"input": wanted, "key": "a"})["data"]["inventorySetOnHandQuantities"]
    assert refusals(payload) == [("INVALID_QUANTITY_NEGATIVE", at(1, "quantity", "setQuantities"))]
    wanted["setQuantities"] = [to(12)]
    payload = shop.post(SET_ON_HAND, {"input": wanted, "key": "b"})["data"]["inventorySetOnHandQuantities"]
    assert changes(payload) == [("available", 2), ("on_hand", 2)]


# --- move ---


def step(
    units: int, source: str = "available", target: str = "damaged", item: str = ITEMS[0], **fields: Any
) -> dict[str, Any]:
    """A move; `fields` are of both ends, `from_` and `to_` of one."""
    only_from, only_to = fields.pop("from_", {}), fields.pop("to_", {})

    def end(name: str, own: dict[str, Any]) -> dict[str, Any]:
        ledger = {} if name == "available" else {"ledgerDocumentUri": LEDGER}
        return {"name": name, "locationId": MAIN, "changeFromQuantity": None, **ledger, **fields, **own}

    return {"inventoryItemId": item, "quantity": units, "from": end(source, only_from), "to": end(target, only_to)}


def move(shop: Shop, *rows: dict[str, Any], **fields: object) -> dict[str, Any]:
    wanted = {"reason": "damaged", "referenceDocumentUri": REFERENCE, "changes": list(rows), **fields}
    answer = shop.post(MOVE, {"input": wanted, "key": str(uuid.uuid4())})
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["inventoryMoveQuantities"]
    return payload


def test_a_move_shows_the_two_named_rows_and_leaves_on_hand(shop: Shop) -> None:
    payload = move(shop, step(3))
    assert changes(payload) == [("available", -3), ("damaged", 3)]
    ledgers = [row["ledgerDocumentUri"] for row in payload["inventoryAdjustmentGroup"]["changes"]]
    assert ledgers == [None, LEDGER]
    shown = shop.quantities()
    assert (shown["available"], shown["damaged"], shown["on_hand"]) == (7, 3, 10)
    assert move(shop, step(0)) == {"inventoryAdjustmentGroup": None, "userErrors": []}


def end(name: str, field: str) -> list[str]:
    return ["input", "changes", "0", name, field]


@pytest.mark.parametrize(
    ("row", "errors"),
    [
        (step(1, "on_hand"), [("INVALID_QUANTITY_NAME", end("from", "name"))]),
        (step(1, "available", "available"), [("SAME_QUANTITY_NAME", ["input", "changes", "0"])]),
        (step(1, to_={"locationId": OUTLET}), [("DIFFERENT_LOCATIONS", ["input", "changes", "0"])]),
        (
            step(1, locationId=NOWHERE),
            [("INVALID_LOCATION", end("from", "locationId")), ("INVALID_LOCATION", end("to", "locationId"))],
        ),
        (step(1, item=NOTHING), [("INVALID_INVENTORY_ITEM", ["input", "changes", "0", "inventoryItemId"])]),
        (step(-1), [("INVALID_QUANTITY_NEGATIVE", ["input", "changes", "0", "quantity"])]),
        (step(2_000_000_001), [("INVALID_QUANTITY_TOO_HIGH", ["input", "changes", "0", "quantity"])]),
        (step(1, from_={"changeFromQuantity": 9}), [("CHANGE_FROM_QUANTITY_STALE", None)]),
        (step(1, to_={"changeFromQuantity": 1}), [("CHANGE_FROM_QUANTITY_STALE", None)]),
        (
            step(1, from_={"ledgerDocumentUri": LEDGER}),
            [("INVALID_AVAILABLE_DOCUMENT", end("from", "ledgerDocumentUri"))],
        ),
        (step(1, to_={"ledgerDocumentUri": None}), [("INVALID_QUANTITY_DOCUMENT", end("to", "ledgerDocumentUri"))]),
        (
            step(1, to_={"ledgerDocumentUri": "gid://shopify/X/1"}),
            [("INTERNAL_LEDGER_DOCUMENT", end("to", "ledgerDocumentUri"))],
        ),
        (step(1, to_={"ledgerDocumentUri": "x"}), [("INVALID_LEDGER_DOCUMENT", end("to", "ledgerDocumentUri"))]),
    ],
)
def test_moves_that_are_refused(shop: Shop, row: dict[str, Any], errors: list[Any]) -> None:
    assert refusals(move(shop, row)) == errors
    assert shop.control.history() == []


def test_at_most_two_ledger_documents(shop: Shop) -> None:
    rows = [step(1, item=item, to_={"ledgerDocumentUri": f"{LEDGER}/{item[-1]}"}) for item in ITEMS[:3]]
    assert move(shop, *rows[:2])["userErrors"] == []
    assert refusals(move(shop, *rows)) == [("MAXIMUM_LEDGER_DOCUMENT_URIS", ["input", "changes"])]


def test_a_move_needs_its_reference_document(shop: Shop) -> None:
    wanted = {"reason": "damaged", "changes": [step(1)]}
    error = only(shop.post(MOVE, {"input": wanted, "key": "k"})["errors"])
    assert error["extensions"]["problems"] == [
        {"path": ["referenceDocumentUri"], "explanation": "Expected value to not be null"}
    ]


def test_arriving_goods_enter_on_hand(shop: Shop) -> None:
    assert changes(move(shop, step(5, "incoming", "available"))) == [
        ("incoming", -5),
        ("available", 5),
        ("on_hand", 5),
    ]
