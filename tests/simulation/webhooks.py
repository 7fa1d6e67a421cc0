"""The webhooks of a shop: what has changed is told out of order, some of it twice, some of it never."""

from __future__ import annotations

import base64
import hmac
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from include.jobs.webhook_receiver import Receiver
from include.shopify.webhooks import LEVEL_UPDATED

SECRET = "shpss_simulated"

Level = tuple[str, str]
"""Inventory item and location."""


@dataclass
class Webhooks:
    """Tells Trueup of the changes of a shop's levels.

    Attributes:
        domain: The shop's.
        receiver: Trueup's endpoint.
        shown: What the levels showed by what was told.
        told: How many of the changes were told, or left out for good.
    """

    domain: str
    receiver: Receiver
    shown: Counter[Level]
    told: int = 0

    def tell(self, history: Sequence[Mapping[str, Any]], dice: random.Random) -> tuple[int, int]:
        """Tell of what is new in the shop's history.

        Returns:
            How many messages came again, and how many never came.
        """
        messages = []
        for number, change in enumerate(history[self.told :], self.told):
            level = change["inventoryItemId"], change["locationId"]
            if change["name"] == "available":
                self.shown[level] += change["delta"]
                messages.append((number, level, self.shown[level]))
        self.told = len(history)
        come = [each for each in messages for _ in range(dice.choice([0, 1, 1, 1, 2]))]
        dice.shuffle(come)
        for message in come:
            self._post(*message)
        return len(come) - len(set(come)), len(messages) - len(set(come))

    def _post(self, number: int, level: Level, available: int) -> None:
        inventory_item, location = (int(each.rpartition("/")[2]) for each in level)
        told = {"inventory_item_id": inventory_item, "location_id": location, "available": available}
        body = json.dumps(told).encode()
        headers = {
            "x-shopify-hmac-sha256": base64.b64encode(hmac.new(SECRET.encode(), body, sha256).digest()).decode(),
            "x-shopify-shop-domain": self.domain,
            "x-shopify-topic": LEVEL_UPDATED,
            "x-shopify-webhook-id": f"webhook {self.domain}-{number}",
        }
        assert self.receiver.receive(headers, body) == 200
