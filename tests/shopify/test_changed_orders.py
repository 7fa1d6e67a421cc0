"""The search for changed orders: none is lost where a cursor ends and another search goes on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.shopify import orders
from include.shopify.client import Client

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
FOLLOWED, LISTED = 8, 12


class Search:
    """Answers as Shopify's search: orders by their change, then id; a connection ends after so many objects."""

    def __init__(self, seconds: list[int], page: int) -> None:
        changed = sorted((BEGAN + timedelta(seconds=second), f"o{index:02d}") for index, second in enumerate(seconds))
        self.orders = [(order_id, moment) for moment, order_id in changed]
        self.page, self.calls = page, 0

    def execute(self, _document: object, variables: str) -> dict[str, Any]:
        """Answer one page."""
        self.calls += 1
        assert self.calls < 500, "the search turns in a circle"
        asked = json.loads(variables)
        since = datetime.fromisoformat(asked["query"].split("'")[1]) if asked["query"] else BEGAN
        listed = [each for each in self.orders if each[1] >= since][:LISTED]
        first = int(asked["after"] or 0)
        nodes = [{"id": order_id, "updatedAt": f"{moment:%Y-%m-%dT%H:%M:%SZ}"} for order_id, moment in listed]
        last = first + self.page
        more = {"hasNextPage": last < len(nodes), "endCursor": str(last)}
        return {"orders": {"nodes": nodes[first:last], "pageInfo": more}}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 8), max_size=60), st.integers(1, 4), st.sampled_from([None, BEGAN]))
def test_every_order_is_found_wherever_a_search_ends(seconds: list[int], page: int, since: datetime | None) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(orders, "MOST_FOLLOWED", FOLLOWED)
        patched.setattr(orders, "MOST_LISTED", LISTED)
        search = Search(seconds, page)
        found: set[str] = set()
        try:
            for part in orders.changed_since(cast("Client", search), since):
                found |= {each.order_id for each in part}
        except orders.SearchEnds:
            assert max(seconds.count(second) for second in seconds) >= LISTED
        else:
            assert found == {order_id for order_id, _ in search.orders}
