"""What an accepted `inventoryAdjustQuantities` does and answers, and what its idempotency key is worth."""

from __future__ import annotations

import json
import re

import pytest

from tests.sandbox.shopify.shop import ADJUST, ITEMS, MAIN, OUTLET, REFERENCE, Shop, given, only, row

STALE = ["CHANGE_FROM_QUANTITY_STALE"]
MISMATCH = ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]


def test_the_answer_shows_each_row_with_the_on_hand_that_moved(shop: Shop) -> None:
    answer = shop.send(given(row(delta=5), row(ITEMS[1], delta=-3)))
    payload = answer["data"]["inventoryAdjustQuantities"]
    assert payload["userErrors"] == []
    group = payload["inventoryAdjustmentGroup"]
    assert re.fullmatch(r"gid://shopify/InventoryAdjustmentGroup/\d+", group["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", group["createdAt"])
    assert (group["reason"], group["referenceDocumentUri"]) == ("correction", REFERENCE)
    assert group["changes"] == [
        {
            "name": name,
            "delta": delta,
            "quantityAfterChange": None,
            "ledgerDocumentUri": None,
            "item": {"id": item},
            "location": {"id": MAIN},
        }
        for item, delta in ((ITEMS[0], 5), (ITEMS[1], -3))
        for name in ("available", "on_hand")
    ]
    cost = answer["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (13, 13)
    assert shop.quantities()["available"] == shop.quantities()["on_hand"] == 15
    assert [(x["inventoryItemId"], x["delta"], x["referenceDocumentUri"]) for x in shop.control.history()] == [
        (ITEMS[0], 5, REFERENCE),
        (ITEMS[1], -3, REFERENCE),
    ]


def test_the_rows_of_a_group_can_be_filtered(shop: Shop) -> None:
    document = ADJUST.replace("changes {", f'changes(inventoryItemIds: ["{ITEMS[1]}"], quantityNames: ["on_hand"]) {{')
    answer = shop.send(given(row(), row(ITEMS[1], delta=7)), document=document)
    change = only(answer["data"]["inventoryAdjustQuantities"]["inventoryAdjustmentGroup"]["changes"])
    assert (change["item"]["id"], change["name"], change["delta"]) == (ITEMS[1], "on_hand", 7)


def test_other_quantities_move_on_hand_and_carry_their_ledger_document_and_incoming_does_not(shop: Shop) -> None:
    uri = "https://example.com/count/1"
    change = {**row(expected=0, delta=2), "ledgerDocumentUri": uri}
    damaged = shop.adjust(change, name="damaged")["inventoryAdjustmentGroup"]["changes"]
    assert [(x["name"], x["ledgerDocumentUri"]) for x in damaged] == [("damaged", uri), ("on_hand", None)]
    incoming = shop.adjust(change, name="incoming")["inventoryAdjustmentGroup"]["changes"]
    assert [(x["name"], x["ledgerDocumentUri"]) for x in incoming] == [("incoming", uri)]
    assert shop.quantities() == {"available": 10, "on_hand": 12, "committed": 0, "damaged": 2, "incoming": 2}


def test_quantities_never_touched_have_no_time_and_on_hand_never_has(shop: Shop) -> None:
    shop.adjust({**row(expected=0), "ledgerDocumentUri": "https://example.com/1"}, name="damaged")
    level = shop.level()
    assert level is not None
    times = {each["name"]: each["updatedAt"] for each in level["quantities"]}
    assert times["available"]
    assert times["damaged"]
    assert (times["committed"], times["incoming"], times["on_hand"]) == (None, None, None)


def test_nothing_but_zeros_is_a_success_without_a_group(shop: Shop) -> None:
    assert shop.adjust(row(delta=0), row(ITEMS[1], delta=0)) == {"inventoryAdjustmentGroup": None, "userErrors": []}
    assert shop.control.history() == []
    mixed = shop.adjust(row(delta=0), row(ITEMS[1], delta=1))["inventoryAdjustmentGroup"]
    assert {change["item"]["id"] for change in mixed["changes"]} == {ITEMS[1]}
    assert shop.codes(row(delta=0, expected=9)) == STALE


def test_the_first_adjustment_stocks_an_item_at_a_location(shop: Shop) -> None:
    assert shop.codes(row(location=OUTLET, delta=3, expected=0)) == []
    level = shop.level(location=OUTLET)
    assert level is not None
    assert level["isActive"] is True
    assert shop.quantities(location=OUTLET)["on_hand"] == 3


def test_an_inactive_level_can_be_adjusted_and_stays_inactive(shop: Shop) -> None:
    shop.control.seed(
        [{"id": MAIN, "name": "Main"}],
        [{"id": ITEMS[0], "sku": "A"}],
        [{"inventoryItemId": ITEMS[0], "locationId": MAIN, "available": 10, "active": False}],
    )
    assert shop.codes(row(delta=1)) == []
    level = shop.level()
    assert level is not None
    assert level["isActive"] is False
    assert shop.quantities()["available"] == 11


# --- idempotency keys ---


def test_documented_a_repeat_is_answered_from_the_records(shop: Shop) -> None:
    shop.control.settings(replay="documented")
    first = shop.adjust(row(delta=5), key="k")
    shop.control.edit_level(ITEMS[0], MAIN, 3)
    assert shop.adjust(row(delta=5), key="k") == first
    assert shop.quantities()["available"] == 3
    zero = shop.adjust(row(delta=0, expected=3), key="z")
    assert shop.adjust(row(delta=0, expected=3), key="z") == zero


def test_documented_a_repeat_after_a_failure_is_refused(shop: Shop) -> None:
    shop.control.settings(replay="documented")
    assert shop.codes(row(expected=9), key="k") == STALE
    shop.control.edit_level(ITEMS[0], MAIN, 9)
    error = only(shop.adjust(row(expected=9), key="k")["userErrors"])
    assert error == {
        "field": None,
        "message": "A previous request with this idempotency key failed. Retry with a new idempotency key.",
        "code": "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
    }
    assert shop.codes(row(expected=9), key="another") == []


def test_observed_a_repeat_is_compared_again(shop: Shop) -> None:
    group = shop.adjust(row(delta=5), key="k")["inventoryAdjustmentGroup"]
    assert shop.codes(row(delta=5), key="k") == STALE
    assert shop.quantities()["available"] == 15
    shop.control.edit_level(ITEMS[0], MAIN, 10)
    again = shop.adjust(row(delta=5), key="k")
    assert (again["inventoryAdjustmentGroup"], again["userErrors"]) == (group, [])
    assert shop.quantities()["available"] == 10


def test_observed_a_refused_key_may_be_used_again(shop: Shop) -> None:
    assert shop.codes(row(expected=9), key="k") == STALE
    shop.control.edit_level(ITEMS[0], MAIN, 9)
    assert shop.codes(row(expected=9), key="k") == []
    assert shop.codes(row(expected=9), key="k") == STALE


def test_none_the_key_does_nothing(shop: Shop) -> None:
    shop.control.settings(replay="none")
    groups = [shop.adjust(row(expected=None), key="k")["inventoryAdjustmentGroup"]["id"] for _ in range(3)]
    assert len(set(groups)) == 3
    assert shop.quantities()["available"] == 13
    assert shop.codes(row(delta=9, expected=None), key="k") == []


@pytest.mark.parametrize("replay", ["documented", "observed"])
def test_a_key_belongs_to_its_parameters(shop: Shop, replay: str) -> None:
    shop.control.settings(replay=replay)
    assert shop.codes(row(delta=5), key="k") == []
    error = only(shop.adjust(row(delta=6, expected=15), key="k")["userErrors"])
    assert error == {
        "field": None,
        "message": "The request with this idempotency key has different parameters than the original request.",
        "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    }
    # The order of the fields counts too (documented), and the check comes before those of name and reason.
    assert shop.codes(dict(reversed(list(row(delta=5).items()))), key="k") == MISMATCH
    assert shop.codes(row(delta=5), key="k", reason="because") == MISMATCH
    assert shop.quantities()["available"] == 15


@pytest.mark.parametrize("ends", ["after a success", "after a failure"])
def test_a_key_is_forgotten_24_hours_after_its_first_use(shop: Shop, ends: str) -> None:
    shop.adjust(row(expected=9 if ends == "after a failure" else None), key="k")
    shop.adjust(row(ITEMS[1], expected=None), key="other")
    before = shop.quantities()["available"]
    shop.control.settings(clock_offset=23 * 3600)
    # A later use of the key does not make it live longer.
    shop.adjust(row(expected=9 if ends == "after a failure" else None), key="k")
    assert shop.codes(row(expected=1), key="k") == MISMATCH
    shop.control.settings(clock_offset=24 * 3600 + 60)
    assert shop.codes(row(delta=2, expected=None), key="k") == []
    assert shop.codes(row(ITEMS[1], delta=2, expected=None), key="other") == []
    assert shop.quantities()["available"] == before + 2


def test_the_history_tells_key_and_group(shop: Shop) -> None:
    group = shop.adjust(row(delta=5), key="k")["inventoryAdjustmentGroup"]
    entry = only(shop.control.history())
    assert (entry["kind"], entry["key"], entry["groupId"]) == ("adjust", "k", group["id"])
    assert json.dumps(entry)
