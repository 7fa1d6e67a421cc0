"""Orders that a test hands to the import as if Shopify showed them."""

from collections.abc import Mapping

import pytest

from include.shopify import orders
from include.shopify.orders import ChangedOrder, Order


def show(monkeypatch: pytest.MonkeyPatch, shown: Mapping[str, Order]) -> None:
    """Let the search find all of `shown`, by order id, and each be looked up; what is put in later as well."""
    monkeypatch.setattr(
        orders,
        "changed_since",
        lambda client, since: [[ChangedOrder(each.order_id, each.updated_at) for each in shown.values()]],
    )
    monkeypatch.setattr(orders, "read", lambda client, wanted: [shown[each] for each in wanted])
