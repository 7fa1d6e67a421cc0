"""Tokens, scopes, versions, and the points that calls cost."""

from __future__ import annotations

import pytest

from tests.sandbox.shopify.shop import ITEMS, LEVEL, MAIN, Shop, given, only, row

LIMITS = "https://shopify.dev/api/usage/rate-limits"
ORDERS = "{ orders(first: 50) { nodes { id fulfillmentOrders(first: 10) { nodes { id } } } } }"


def test_a_wrong_token_gets_a_string_for_errors(shop: Shop) -> None:
    for token in ("shpat_wrong", ""):
        response = shop.http("{ shop { id } }", token=token)
        assert response.status_code == 401
        assert response.json() == {
            "errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"
        }


def test_a_token_can_expire_in_the_middle(shop: Shop) -> None:
    assert shop.http("{ shop { id } }").status_code == 200
    shop.control.settings(tokens=["shpat_new"])
    assert shop.http("{ shop { id } }").status_code == 401
    assert shop.http("{ shop { id } }", token="shpat_new").status_code == 200


def test_the_scope_to_write_is_needed(shop: Shop) -> None:
    shop.control.settings(scopes=["read_inventory", "read_locations"])
    answer = shop.send(given(row()))
    error = only(answer["errors"])
    needed = (
        "`write_inventory` access scope. "
        "Also: The user must have a permission to apply changes to inventory quantities."
    )
    assert error == {
        "message": f"Access denied for inventoryAdjustQuantities field. Required access: {needed}",
        "locations": [{"line": 2, "column": 3}],
        "extensions": {
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": needed,
        },
        "path": ["inventoryAdjustQuantities"],
    }
    assert answer["data"] == {"inventoryAdjustQuantities": None}
    assert shop.control.history() == []


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("{ orders(first: 1) { nodes { id } } }", ["orders"]),
        ("{ locations(first: 1) { nodes { id } } }", ["locations"]),
        (f'{{ inventoryItem(id: "{ITEMS[0]}") {{ id }} }}', ["inventoryItem"]),
        (f'{{ node(id: "{MAIN}") {{ id }} }}', ["node"]),
    ],
)
def test_scopes_to_read(shop: Shop, document: str, path: list[str]) -> None:
    assert "errors" not in shop.post(document)
    shop.control.settings(scopes=["read_themes"])
    answer = shop.post(document)
    error = only(answer["errors"])
    assert (error["extensions"]["code"], error["path"]) == ("ACCESS_DENIED", path)


def test_the_scopes_can_be_asked_for(shop: Shop) -> None:
    shop.control.settings(scopes=["read_inventory", "read_orders"])
    answer = shop.post("{ currentAppInstallation { accessScopes { handle } } }")
    handles = [scope["handle"] for scope in answer["data"]["currentAppInstallation"]["accessScopes"]]
    assert handles == ["read_inventory", "read_orders"]


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("2026-10", "2026-10"),
        ("2026-07", "2026-07"),
        ("2026-04", "2026-04"),
        ("2026-01", "2026-01"),
        ("2025-10", "2026-01"),
    ],
)
def test_an_old_version_falls_forward_and_the_header_tells(shop: Shop, asked: str, served: str) -> None:
    response = shop.http("{ shop { id } }", version=asked)
    assert response.status_code == 200
    assert response.headers["X-Shopify-API-Version"] == served
    assert response.headers["X-Request-Id"]


@pytest.mark.parametrize("version", ["2027-01", "unstable", "2026-1"])
def test_a_version_that_is_not_served(shop: Shop, version: str) -> None:
    assert shop.http("{ shop { id } }", version=version).status_code == 404


def test_an_empty_bucket_answers_throttled_with_200_and_applies_nothing(shop: Shop) -> None:
    shop.control.settings(restore_rate=0, points=12)
    answer = shop.send(given(row()))
    assert answer == {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS}}],
        "extensions": {
            "cost": {
                "requestedQueryCost": 13,
                "actualQueryCost": None,
                "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 12, "restoreRate": 0.0},
            }
        },
    }
    assert shop.control.history() == []
    throttled = shop.control.stats()["throttled"]
    shop.send(given(row()))
    assert shop.control.stats()["throttled"] == throttled + 1
    shop.control.settings(points=13)
    answer = shop.send(given(row()))
    assert answer["data"]["inventoryAdjustQuantities"]["userErrors"] == []
    assert answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 0


def test_points_asked_for_and_not_used_come_back(shop: Shop) -> None:
    shop.control.settings(restore_rate=0, points=1000)
    cost = shop.post(ORDERS)["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (51, 2)
    assert cost["throttleStatus"]["currentlyAvailable"] == 998
    assert shop.control.settings()["points"] == 998
    # A refused mutation gives back what its group would have cost.
    cost = shop.send(given(row(expected=9)))["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (13, 10)
    assert cost["throttleStatus"]["currentlyAvailable"] == 988


def test_the_bucket_fills_by_its_rate_up_to_its_size(shop: Shop) -> None:
    shop.control.settings(restore_rate=1_000_000, points=0, bucket_size=500)
    status = shop.post(LEVEL, {"item": ITEMS[0], "location": MAIN})["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (500.0, 1_000_000.0)
    assert status["currentlyAvailable"] <= 500


def test_a_query_that_asks_for_more_than_1000_points(shop: Shop) -> None:
    nested = "orders(first: 250) { nodes { id fulfillmentOrders(first: 250) { nodes { lineItems(first: 250) { nodes {"
    answer = shop.post(f"{{ {nested} id }} }} }} }} }} }} }}")
    error = only(answer["errors"])
    assert error["extensions"] == {
        "code": "MAX_COST_EXCEEDED",
        "cost": 1729,
        "maxCost": 1000,
        "documentation": LIMITS,
    }
    assert error["message"].startswith("Query cost is 1729, which exceeds the single query max cost limit (1000).")
    assert "data" not in answer


def test_calls_are_counted_by_their_root_field(shop: Shop) -> None:
    before = shop.control.stats()
    shop.send(given(row()))
    shop.post("{ shop { id } locations(first: 1) { nodes { id } } }")
    after = shop.control.stats()
    counted = {name: n - before["calls"].get(name, 0) for name, n in after["calls"].items()}
    assert {name: n for name, n in counted.items() if n} == {"inventoryAdjustQuantities": 1, "shop": 1, "locations": 1}
    assert after["points"] - before["points"] == 13 + 1 + 3
