"""What an app may do in a shop, and what state the shop's places are in."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from include.shopify.client import Client, document
from include.shopify.inventory import MOST_ROWS


@dataclass(frozen=True, slots=True)
class Location:
    """A location by its name, and whether it is in use."""

    name: str
    is_active: bool


def scopes(client: Client) -> frozenset[str]:
    """The access scopes that the app has. One to write includes the one to read.

    Raises:
        ShopifyError: As by the client.
    """
    data = client.execute(document("AppScopes"), "{}")
    given = {each["handle"] for each in data["currentAppInstallation"]["accessScopes"]}
    return frozenset(given | {scope.replace("write_", "read_", 1) for scope in given})


def locations(client: Client, location_ids: Sequence[str]) -> dict[str, Location]:
    """The given locations by their ids; those that the shop does not have are left out.

    Raises:
        ShopifyError: As by the client.
    """
    found: dict[str, Location] = {}
    for start in range(0, len(location_ids), MOST_ROWS):
        ids = list(location_ids[start : start + MOST_ROWS])
        data = client.execute(document("LocationsById"), json.dumps({"ids": ids}))
        found |= {node["id"]: Location(node["name"], node["isActive"]) for node in data["nodes"] if node}
    return found


def activate(client: Client, inventory_item_id: str, location_id: str) -> str | None:
    """Stock an item at a location; its quantities stay as they are, or begin at nothing. Doing it twice does no harm.

    Returns:
        Why Shopify refused it, or None.

    Raises:
        ShopifyError: As by the client.
    """
    variables = {"inventoryItemId": inventory_item_id, "locationId": location_id, "key": str(uuid.uuid4())}
    data = client.execute(document("InventoryActivate"), json.dumps(variables))
    errors = data["inventoryActivate"]["userErrors"]
    return "; ".join(error["message"] for error in errors) or None
