"""Webhooks as Shopify sends them, as others would like to, and the receiver over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from include.jobs.webhook_receiver import Receiver, make_app
from include.sandbox.process import free_port
from include.shopify import webhooks
from tests.world import ONLINE

DOMAIN, SECRET = "trueup-sandbox.myshopify.com", "shpss_sandbox"
"""What the demo's shop and the emulator are called and sign with."""


def signature(body: bytes, secret: str) -> str:
    """What `X-Shopify-Hmac-SHA256` says."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def level(available: int | None = 5, product: str = "50001", location: str = ONLINE) -> bytes:
    """The body that tells of a changed level."""
    ids = {"inventory_item_id": int(product), "location_id": int(location.rpartition("/")[2])}
    return json.dumps(ids | {"available": available}).encode()


def headers(body: bytes, secret: str = SECRET, domain: str = DOMAIN, webhook_id: str = "w1") -> dict[str, str]:
    """The headers that Shopify sends with a body."""
    return {
        "X-Shopify-Hmac-SHA256": signature(body, secret),
        "X-Shopify-Shop-Domain": domain,
        "X-Shopify-Topic": webhooks.LEVEL_UPDATED,
        "X-Shopify-Webhook-Id": webhook_id,
    }


@contextmanager
def serving(receiver: Receiver) -> Iterator[str]:
    """Serve a receiver; gives the address that messages go to."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(make_app(receiver), host="127.0.0.1", port=port, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until, "the receiver does not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}/webhooks"
    finally:
        server.should_exit = True
        thread.join()
