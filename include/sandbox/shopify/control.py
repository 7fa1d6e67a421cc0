"""The control API from the other side: what tests, demo and simulator do to the emulated shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from include.sandbox.shopify.store import Refused

Lines = Sequence[Mapping[str, object]]
"""The lines of an order that a call is about."""


SECONDS_TO_ANSWER = 600.0
"""A shop of a million levels takes minutes to be made on a machine with other work."""


class Control:
    """A running emulator, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=SECONDS_TO_ANSWER, trust_env=False)

    def close(self) -> None:
        """Let go of the connection; the emulator goes on."""
        self._http.close()

    def seed(
        self,
        locations: Sequence[Mapping[str, object]],
        items: Sequence[Mapping[str, object]],
        levels: Sequence[Mapping[str, object]],
        counters: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Replace the shop by a new one; returns its ids. `counters`: how many of a kind, such as Order, it has had."""
        shop = {"locations": locations, "items": items, "levels": levels, "counters": counters or {}}
        return dict(self._call("POST", "seed", shop))

    def place_order(self, lines: Lines, source: str = "web", **options: object) -> str:
        """Place an order of lines `{inventoryItemId, locationId, quantity}`; returns its id."""
        placed = self._call("POST", "orders", {"lines": lines, "source": source, **options})
        return str(placed["id"])

    def cancel_order(self, order_id: str, *, restock: bool = True) -> None:
        """Cancel what is open of an order, and restock it unless told otherwise."""
        self._call("POST", "orders/cancel", {"id": order_id, "restock": restock})

    def fulfil_order(self, order_id: str, lines: Lines = ()) -> None:
        """Fulfil all of an open order, or lines `{inventoryItemId or lineItemId, locationId, quantity}`."""
        self._call("POST", "orders/fulfil", {"id": order_id, "lines": lines})

    def refund_order(self, order_id: str, lines: Lines) -> None:
        """Refund lines `{inventoryItemId or lineItemId, quantity, restockType, locationId, removal}`."""
        self._call("POST", "orders/refund", {"id": order_id, "lines": lines})

    def edit_order(self, order_id: str, lines: Lines) -> None:
        """Set or add lines `{inventoryItemId or lineItemId, quantity, locationId, restock}`."""
        self._call("POST", "orders/edit", {"id": order_id, "lines": lines})

    def move_order(self, order_id: str, location_id: str, lines: Lines = ()) -> None:
        """Move all that is to be fulfilled to a location, or lines `{inventoryItemId, locationId, quantity}`."""
        self._call("POST", "orders/move", {"id": order_id, "locationId": location_id, "lines": lines})

    def hold_order(self, order_id: str, *, release: bool = False) -> None:
        """Put what is to be fulfilled on hold, or release it."""
        self._call("POST", "orders/hold", {"id": order_id, "release": release})

    def take_back_fulfilment(self, order_id: str) -> None:
        """Cancel the fulfilments of an order, so that its units wait again."""
        self._call("POST", "orders/take-back", {"id": order_id})

    def transfer(self, inventory_item_id: str, origin: str, destination: str, quantity: int) -> str:
        """Make a transfer ready to ship; returns its id."""
        wanted = {"originId": origin, "destinationId": destination, "quantity": quantity}
        made = self._call("POST", "transfers", {"inventoryItemId": inventory_item_id, **wanted})
        return str(made["id"])

    def ship_transfer(self, transfer_id: str) -> None:
        """Send a transfer on its way."""
        self._call("POST", "transfers/ship", {"id": transfer_id})

    def receive_transfer(self, transfer_id: str, quantity: int | None = None) -> None:
        """Receive all that is on its way, or some units of it."""
        some = {} if quantity is None else {"quantity": quantity}
        self._call("POST", "transfers/receive", {"id": transfer_id, **some})

    def cancel_transfer(self, transfer_id: str) -> None:
        """Cancel what was not received."""
        self._call("POST", "transfers/cancel", {"id": transfer_id})

    def edit_level(self, inventory_item_id: str, location_id: str, available: int) -> None:
        """Set a level as a merchant does in the admin."""
        edit = {"inventoryItemId": inventory_item_id, "locationId": location_id, "available": available}
        self._call("POST", "levels", edit)

    def fault(self, kind: str, **parameters: object) -> None:
        """Put a fault in force; see `faults.KINDS`."""
        self._call("POST", "faults", {"kind": kind, **parameters})

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with their hits."""
        return list(self._call("GET", "faults"))

    def clear_faults(self) -> None:
        """Let all be well again."""
        self._call("DELETE", "faults")

    def settings(self, **wanted: object) -> dict[str, Any]:
        """Change some settings; returns all of them."""
        return dict(self._call("PUT", "settings", wanted) if wanted else self._call("GET", "settings"))

    def install(self) -> dict[str, Any]:
        """Give the app an expiring token and a refresh token, as a merchant who installs it does."""
        return dict(self._call("POST", "tokens"))

    def advance(self, seconds: float) -> None:
        """Let time pass for the shop."""
        self._call("POST", "clock", {"advance": seconds})

    def levels(self) -> list[dict[str, Any]]:
        """What each level shows."""
        return list(self._call("GET", "levels"))

    def history(self, since: int = 0) -> list[dict[str, Any]]:
        """Every change that was applied, in order, less the first `since`."""
        return list(self._call("GET", f"history?since={since}"))

    def webhooks(self) -> dict[str, Any]:
        """The latest attempts to deliver, and how many deliveries wait."""
        return dict(self._call("GET", "webhooks"))

    def stats(self) -> dict[str, Any]:
        """Calls by root field, points and throttled answers."""
        return dict(self._call("GET", "stats"))

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        answer = self._http.request(method, f"/control/{path}", json=body)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise Refused(answer.json()["error"])
        return answer.json()
