"""Look-ups by id, and the connections with their pages."""

from __future__ import annotations

from typing import Any

from tests.sandbox.shopify.shop import CLOSED, ITEMS, MAIN, OUTLET, Shop, only, row

LEVELS = """query Levels($id: ID!, $first: Int, $after: String, $all: Boolean) {
  location(id: $id) {
    inventoryLevels(first: $first, after: $after, includeInactive: $all) {
      nodes { id item { sku } }
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""


def test_nodes_keeps_the_places_of_unknown_ids(shop: Shop) -> None:
    ids = [ITEMS[0], "gid://shopify/InventoryItem/999", MAIN, "gid://shopify/Product/1"]
    answer = shop.post(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on InventoryItem { sku } ... on Location { name } } }",
        {"ids": ids},
    )
    assert answer["data"]["nodes"] == [{"id": ITEMS[0], "sku": "SKU-100"}, None, {"id": MAIN, "name": "Main"}, None]


def test_a_lookup_by_id(shop: Shop) -> None:
    answer = shop.post('{ inventoryItem(id: "gid://shopify/InventoryItem/999") { id } }')
    assert answer["data"] == {"inventoryItem": None}
    assert "errors" not in answer
    error = only(shop.post(f'{{ inventoryItem(id: "{MAIN}") {{ id }} }}')["errors"])
    assert error["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert error["message"] == f"Invalid id: {MAIN}"
    answer = shop.post("query ($id: ID!) { inventoryItem(id: $id) { id } }", {"id": "5"})
    assert only(answer["errors"])["extensions"] == {
        "code": "INVALID_VARIABLE",
        "value": "5",
        "problems": [{"path": [], "explanation": "Invalid global id '5'"}],
    }


def test_levels_come_in_pages(shop: Shop) -> None:
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = _page(shop, {"id": MAIN, "first": 2, "after": after, "all": False})
        seen += [node["id"] for node in page["nodes"]]
        assert [edge["node"]["id"] for edge in page["edges"]] == [node["id"] for node in page["nodes"]]
        info = page["pageInfo"]
        assert info["hasPreviousPage"] is (after is not None)
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == 5
    assert all("?inventory_item_id=" in each for each in seen)


def test_a_connection_needs_first_or_last_and_a_cursor_of_its_own(shop: Shop) -> None:
    for variables, text in (
        ({"id": MAIN}, "you must provide one of first or last"),
        ({"id": MAIN, "first": 251}, "250"),
        ({"id": MAIN, "first": 2, "after": "nonsense"}, "cursor"),
    ):
        error = only(shop.post(LEVELS, variables)["errors"])
        assert error["extensions"]["code"] == "BAD_REQUEST"
        assert text in error["message"]


def test_inactive_levels_are_hidden_unless_asked_for(shop: Shop) -> None:
    shop.control.seed(
        [{"id": MAIN, "name": "Main"}],
        [{"id": ITEMS[0], "sku": "A"}],
        [{"inventoryItemId": ITEMS[0], "locationId": MAIN, "available": 7, "active": False}],
    )
    assert _page(shop, {"id": MAIN, "first": 5, "all": False})["nodes"] == []
    assert only(_page(shop, {"id": MAIN, "first": 5, "all": True})["nodes"])["item"] == {"sku": "A"}
    one = f'{{ inventoryItem(id: "{ITEMS[0]}") {{ inventoryLevel(locationId: "{MAIN}") {{ id }} }} }}'
    assert shop.post(one)["data"]["inventoryItem"]["inventoryLevel"] is None
    # What it holds stays (recorded on 2026-04).
    assert shop.quantities()["available"] == 7


def test_closed_locations_and_those_of_services_are_hidden_unless_asked_for(shop: Shop) -> None:
    shop.control.seed(
        [
            {"id": MAIN, "name": "Main"},
            {"id": CLOSED, "name": "Closed", "active": False},
            {"id": OUTLET, "name": "Service", "legacy": True},
        ],
        [],
        [],
    )
    for arguments, names in (
        ("", ["Main"]),
        (", includeInactive: true", ["Closed", "Main"]),
        (", includeLegacy: true", ["Main", "Service"]),
        (", includeInactive: true, includeLegacy: true, reverse: true", ["Service", "Main", "Closed"]),
    ):
        answer = shop.post(f"{{ locations(first: 5{arguments}) {{ nodes {{ name isActive }} }} }}")
        assert [node["name"] for node in answer["data"]["locations"]["nodes"]] == names


def test_what_is_not_emulated_is_refused_and_not_ignored(shop: Shop) -> None:
    answer = shop.post('{ locations(first: 5, query: "name:Main") { nodes { name } } }')
    assert only(answer["errors"])["extensions"]["code"] == "NOT_EMULATED"
    answer = shop.post(
        f'{{ inventoryItem(id: "{ITEMS[0]}") {{ inventoryLevels(first: 1) {{ nodes {{ '
        'quantities(names: ["backordered"]) { quantity } } } } }'
    )
    assert only(answer["errors"])["extensions"]["code"] == "BAD_REQUEST"


def test_levels_can_be_searched(shop: Shop) -> None:
    def found(query: str) -> list[str]:
        document = """query ($id: ID!, $query: String) { location(id: $id) {
          inventoryLevels(first: 9, query: $query) { nodes { item { id } } } } }"""
        nodes = shop.post(document, {"id": MAIN, "query": query})["data"]["location"]["inventoryLevels"]["nodes"]
        return [node["item"]["id"] for node in nodes]

    assert found("inventory_item_id:101") == [ITEMS[1]]
    shop.control.settings(clock_offset=3600)
    shop.adjust(row(ITEMS[2]))
    level = shop.level(ITEMS[2])
    assert level is not None
    assert found(f"updated_at:>='{level['updatedAt']}'") == [ITEMS[2]]


def test_a_change_moves_the_levels_time(shop: Shop) -> None:
    shop.control.settings(clock_offset=3600)
    before = shop.level()
    shop.adjust(row())
    after = shop.level()
    assert before is not None
    assert after is not None
    assert after["updatedAt"] > before["updatedAt"]


def _page(shop: Shop, variables: dict[str, Any]) -> dict[str, Any]:
    page: dict[str, Any] = shop.post(LEVELS, variables)["data"]["location"]["inventoryLevels"]
    return page
