"""Delivers webhooks by the shop's clock, and as unreliably as the settings say.

Documented (docs/emulator.md, Webhooks): one second to connect and five in all; anything but 2xx, redirects included, is
a failure; 8 retries over 4 hours, then the subscription is removed; neither order nor delivery is guaranteed. The
spacing of the retries is inferred.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import heapq
import hmac
import itertools
import json
import logging
import random
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from include.sandbox.shopify.scalars import timestamp
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.versions import NAME_HEADER_SINCE
from include.sandbox.shopify.webhooks.records import Delivery, Event, Subscription

CONNECT_SECONDS = 1.0
DOMAIN = "trueup-sandbox.myshopify.com"
HERE = ("127.0.0.1",)

log = logging.getLogger("trueup.sandbox.shopify")


@dataclass(slots=True)
class Dispatcher:
    """Delivers what the store has to tell. `log` holds the latest attempts, for the control API."""

    store: Store
    settings: Settings
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=5000))
    _dice: random.Random = field(default_factory=random.Random)
    _seed: int | None = None
    _busy: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _queues: dict[str, list[tuple[float, int, str]]] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    async def run(self) -> None:
        """Deliver until cancelled; one message at a time to each subscription."""
        for delivery in self.store.deliveries.values():
            self._queue(delivery)
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client:
            while True:
                self._enrol()
                idle = [each for each in self._queues if each not in self._busy]
                waiting = [self._start_next(client, each) for each in idle]
                await self.store.clock.doze(min((due for due in waiting if due is not None), default=None))

    def _queue(self, delivery: Delivery) -> None:
        heapq.heappush(
            self._queues.setdefault(delivery.subscription, []), (delivery.due, next(self._count), delivery.id)
        )

    def _start_next(self, client: httpx.AsyncClient, subscription: str) -> float | None:
        """Begin the next delivery if it is due; if it is not, return when it will be. What is gone is passed over."""
        queue = self._queues[subscription]
        while queue and queue[0][2] not in self.store.deliveries:
            heapq.heappop(queue)
        if not queue:
            del self._queues[subscription]
            return None
        due, _count, delivery = queue[0]
        if due > self.store.now():
            return due
        heapq.heappop(queue)
        task = asyncio.create_task(self._attempt(client, self.store.deliveries[delivery]))
        self._busy[subscription] = task
        task.add_done_callback(lambda _done: self._free(subscription))
        return None

    def _free(self, subscription: str) -> None:
        self._busy.pop(subscription, None)
        self.store.clock.wake()

    def _enrol(self) -> None:
        """Turn what happened into deliveries, one for each subscription to the topic."""
        store = self.store
        if self._seed != self.settings.webhook_seed:
            self._seed = self.settings.webhook_seed
            self._dice = random.Random(self._seed)  # noqa: S311 - a seed replays a failure exactly
        events, store.events = store.events, []
        for event in events:
            for subscription in list(store.subscriptions.values()):
                if subscription.topic == event.topic:
                    self._enrol_one(event, subscription)

    def _enrol_one(self, event: Event, subscription: Subscription) -> None:
        settings = self.settings
        webhook = str(uuid.uuid4())
        if self._dice.random() < settings.webhook_drop:
            self._note(subscription, webhook, 0, "dropped")
            return
        payload = event.payload
        if subscription.include_fields:
            payload = {name: value for name, value in payload.items() if name in subscription.include_fields}
        body = json.dumps(payload, separators=(",", ":"))
        for _copy in range(2 if self._dice.random() < settings.webhook_duplicate else 1):
            late = settings.webhook_reorder_seconds if self._dice.random() < settings.webhook_reorder else 0.0
            due = event.at + settings.webhook_delay + late
            delivery = Delivery(str(uuid.uuid4()), webhook, event.event, subscription.id, body, event.at, due)
            self.store.deliveries[delivery.id] = delivery
            self._queue(delivery)
        self.store.dirty = True

    async def _attempt(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        store = self.store
        subscription = store.subscriptions.get(delivery.subscription)
        if subscription is None:
            store.deliveries.pop(delivery.id, None)
            return
        delivery.attempt += 1
        outcome = await self._post(client, subscription, delivery)
        if store.subscriptions.get(subscription.id) is not subscription:
            return  # ended meanwhile, or there is a new shop in which the id stands for another
        self._note(subscription, delivery.webhook, delivery.attempt, outcome)
        store.dirty = True
        if isinstance(outcome, int) and 200 <= outcome < 300:
            store.deliveries.pop(delivery.id, None)
        elif delivery.attempt <= len(self.settings.webhook_retries):
            delivery.due = store.now() + self.settings.webhook_retries[delivery.attempt - 1]
            self._queue(delivery)
        else:
            self._unsubscribe(subscription)

    async def _post(self, client: httpx.AsyncClient, subscription: Subscription, delivery: Delivery) -> int | str:
        """Send one message; returns the status, or what went wrong."""
        if urlsplit(subscription.uri).hostname not in HERE:
            return "not on this machine, so not sent"
        body = delivery.body.encode()
        try:
            async with asyncio.timeout(self.settings.webhook_timeout):
                answer = await client.post(
                    subscription.uri, content=body, headers=self._headers(subscription, delivery, body)
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return type(error).__name__
        return answer.status_code

    def _headers(self, subscription: Subscription, delivery: Delivery, body: bytes) -> dict[str, str]:
        secret = self.settings.webhook_secret or self.settings.client_secret
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic_name(subscription.topic),
            "X-Shopify-Hmac-SHA256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": DOMAIN,
            "X-Shopify-API-Version": subscription.version,
            "X-Shopify-Webhook-Id": delivery.webhook,
            "X-Shopify-Event-Id": delivery.event,
            "X-Shopify-Triggered-At": timestamp(delivery.triggered),
        }
        if subscription.name and subscription.version >= NAME_HEADER_SINCE:
            headers["X-Shopify-Name"] = subscription.name
        return headers

    def _unsubscribe(self, subscription: Subscription) -> None:
        log.warning("%s for %s failed too often and is removed", subscription.uri, subscription.topic)
        self.store.unsubscribe(subscription.id)

    def _note(self, subscription: Subscription, webhook: str, attempt: int, outcome: int | str) -> None:
        self.log.append(
            {
                "at": timestamp(self.store.now()),
                "subscription": subscription.id,
                "topic": topic_name(subscription.topic),
                "webhookId": webhook,
                "attempt": attempt,
                "outcome": outcome,
            }
        )


def topic_name(topic: str) -> str:
    """Return a topic as headers write it: INVENTORY_LEVELS_UPDATE is inventory_levels/update."""
    first, _, last = topic.lower().rpartition("_")
    return f"{first}/{last}"
