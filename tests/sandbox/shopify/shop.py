"""What the tests do to the emulator: requests as an app makes them, over HTTP, and a look at what was applied."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from include.sandbox.shopify import Emulator
from include.sandbox.shopify.settings import RETRIES
from include.sandbox.shopify.versions import VERSIONS

MAIN, OUTLET, CLOSED = (f"gid://shopify/Location/{n}" for n in (11, 12, 13))
ITEMS = tuple(f"gid://shopify/InventoryItem/{n}" for n in range(100, 104))
UNTRACKED = "gid://shopify/InventoryItem/200"
BUNDLE = "gid://shopify/InventoryItem/300"
REFERENCE = "gid://trueup/Batch/7"

ADJUST = """mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup {
      id createdAt reason referenceDocumentUri
      changes { name delta quantityAfterChange ledgerDocumentUri item { id } location { id } }
    }
    userErrors { field message code }
  }
}"""

LEVEL = """query Level($item: ID!, $location: ID!) {
  inventoryItem(id: $item) {
    inventoryLevel(locationId: $location, includeInactive: true) {
      id isActive updatedAt
      quantities(names: ["available", "on_hand", "committed", "damaged", "incoming"]) { name quantity updatedAt }
    }
  }
}"""


def row(item: str = ITEMS[0], delta: int = 1, expected: int | None = 10, location: str = MAIN) -> dict[str, Any]:
    """One change of an adjustment; `expected` is its changeFromQuantity."""
    return {"inventoryItemId": item, "locationId": location, "delta": delta, "changeFromQuantity": expected}


def given(*rows: Mapping[str, Any], **fields: object) -> dict[str, Any]:
    """The input of an adjustment of `available`, unless `fields` say otherwise."""
    start = {"name": "available", "reason": "correction", "referenceDocumentUri": REFERENCE, "changes": list(rows)}
    return {**start, **fields}


class Shop:
    """The emulator with a small shop in it: two open locations, a closed one, four items of 10 each at MAIN."""

    def __init__(self, emulator: Emulator) -> None:
        self.control = emulator
        self._http = httpx.Client(base_url=emulator.url, trust_env=False, timeout=20.0)
        self._token = emulator.token

    def reset(self) -> None:
        """Begin anew: stock, faults and settings."""
        control = self.control
        control.clear_faults()
        control.settings(
            replay="observed",
            unstocked="by_version",
            versions=list(VERSIONS),
            token_scopes={},
            shop_status=None,
            token_seconds=86400,
            offline_token_seconds=3600,
            refresh_token_seconds=7_776_000,
            upload_limit=104_857_600,
            staged_uploads_denied=False,
            bulk_start_seconds=0,
            bulk_lines_per_second=1_000_000,
            bulk_shuffle=True,
            webhook_delay=0,
            webhook_drop=0,
            webhook_duplicate=0,
            webhook_reorder=0,
            webhook_retries=list(RETRIES),
            webhook_timeout=5,
            webhook_secret=None,
            order_search_lag=0,
            product_lag=0,
            unindexed_orders=[],
            restore_rate=100,
            bucket_size=2000,
            points=2000,
            latency_seconds=0,
            clock_offset=0,
            clock_rate=1,
            tokens=[self._token],
            scopes=[
                *("write_inventory", "read_products", "read_locations", "read_orders"),
                "read_merchant_managed_fulfillment_orders",
            ],
        )
        control.seed(
            [
                {"id": MAIN, "name": "Main"},
                {"id": OUTLET, "name": "Outlet"},
                {"id": CLOSED, "name": "Closed", "active": False},
            ],
            [
                *({"id": item, "sku": f"SKU-{item[-3:]}"} for item in ITEMS),
                {"id": UNTRACKED, "sku": "FREE", "tracked": False},
                {"id": BUNDLE, "sku": "SET", "bundle": True},
            ],
            [{"inventoryItemId": item, "locationId": MAIN, "available": 10} for item in (*ITEMS, BUNDLE)],
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def http(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        version: str = "2026-10",
        token: str | None = None,
    ) -> httpx.Response:
        """Send a request to the Admin API as it stands."""
        return self._http.post(
            f"/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": self._token if token is None else token},
        )

    def pieces(self, query: str, variables: Mapping[str, Any]) -> list[bytes]:
        """Send a request and return the pieces in which its answer comes."""
        request = {"query": query, "variables": variables}
        token = {"X-Shopify-Access-Token": self._token}
        with self._http.stream("POST", "/admin/api/2026-10/graphql.json", json=request, headers=token) as response:
            return list(response.iter_raw())

    def post(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return its JSON; GraphQL's errors come with HTTP 200."""
        response = self.http(query, variables)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def send(self, wanted: Mapping[str, Any], key: str | None = None, document: str = ADJUST) -> dict[str, Any]:
        """Send an adjustment and return the whole answer."""
        return self.post(document, {"input": wanted, "key": key or str(uuid.uuid4())})

    def adjust(self, *rows: Mapping[str, Any], key: str | None = None, **fields: object) -> dict[str, Any]:
        """Send an adjustment and return its payload."""
        answer = self.send(given(*rows, **fields), key)
        assert "errors" not in answer, answer["errors"]
        payload: dict[str, Any] = answer["data"]["inventoryAdjustQuantities"]
        return payload

    def codes(self, *rows: Mapping[str, Any], key: str | None = None, **fields: object) -> list[str]:
        """Send an adjustment and return the codes of its user errors."""
        return [error["code"] for error in self.adjust(*rows, key=key, **fields)["userErrors"]]

    def quantities(self, item: str = ITEMS[0], location: str = MAIN) -> dict[str, int]:
        """What a level shows, by quantity name."""
        level = self.level(item, location)
        return {each["name"]: each["quantity"] for each in level["quantities"]} if level else {}

    def level(self, item: str = ITEMS[0], location: str = MAIN) -> dict[str, Any] | None:
        """A level as the Admin API shows it."""
        found: dict[str, Any] | None = self.post(LEVEL, {"item": item, "location": location})["data"]["inventoryItem"][
            "inventoryLevel"
        ]
        return found

    def order(self, *lines: tuple[str, int], source: str = "web", location: str = MAIN) -> str:
        """Place an order of (item, quantity) lines."""
        wanted = [{"inventoryItemId": item, "locationId": location, "quantity": n} for item, n in lines]
        return self.control.place_order(wanted, source)


def wait_for(what: str, check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll until `check` holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


def only(entries: Sequence[Any]) -> Any:
    """The one entry that there must be."""
    assert len(entries) == 1, entries
    return entries[0]
