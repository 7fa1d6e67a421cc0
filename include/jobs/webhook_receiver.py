"""Receives Shopify's webhooks within Airflow's api-server: checked, kept, answered; the work is done by a DAG.

`POST /shopify/webhooks`. Anybody can reach it; what opens it is the signature. The database is not touched before that
was found good, but for the shops and their secrets, which are looked up every half minute.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from include.channel.from_shopify import inbox
from include.shopify import webhooks

if TYPE_CHECKING:
    from include.db.connection import Connection

logger = logging.getLogger(__name__)

SECONDS_TO_REMEMBER = 30.0
"""How long the shops and their secrets are remembered: so long a change of them takes until it counts."""

Shops = Mapping[str, tuple[str, Sequence[str]]]
"""By myshopify.com domain: the id of the shop, and the secrets that may sign its messages."""


@dataclass(slots=True)
class Receiver:
    """What the endpoint needs.

    Attributes:
        database: Opens Trueup's database.
        load_shops: Looks the shops up.
    """

    database: "Callable[[], AbstractContextManager[Connection]]"
    load_shops: Callable[[], Shops]
    _shops: Shops = field(default_factory=dict)
    _loaded_at: float = float("-inf")

    def receive(self, headers: Mapping[str, str], body: bytes) -> int:
        """Check a message and keep it.

        Args:
            headers: The request's headers, by their names in lower case.
            body: Its body, byte for byte.

        Returns:
            The status to answer: 200 kept, now or before; 202 signed and not understood; 401 not signed by the shop.
        """
        domain = headers.get("x-shopify-shop-domain", "")
        shop_id, secrets = self._known().get(domain, ("", ()))
        if not webhooks.is_signed(body, headers.get("x-shopify-hmac-sha256"), secrets):
            logger.warning("a message for shop %.80r is not signed with its secret: refused", domain)
            return 401
        try:
            webhook = webhooks.read(headers, body)
        except webhooks.NotUnderstood as trouble:
            # Refusing it would have Shopify send it again for hours and then end the subscription.
            logger.exception("shop %s: %s: %.300r; nothing is done about it", shop_id, trouble, body)
            return 202
        with self.database() as connection:
            is_new = inbox.keep(connection, shop_id, webhook)
        logger.info("shop %s: message %s %s", shop_id, webhook.webhook_id, "kept" if is_new else "has come before")
        return 200

    def _known(self) -> Shops:
        if time.monotonic() - self._loaded_at > SECONDS_TO_REMEMBER:
            self._shops, self._loaded_at = self.load_shops(), time.monotonic()
        return self._shops


def make_app(receiver: Receiver) -> FastAPI:
    """The application with the one endpoint, for Airflow to mount under `/shopify`."""
    app = FastAPI(title="Shopify webhooks", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/webhooks")
    async def receive(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            return Response(status_code=await run_in_threadpool(receiver.receive, dict(request.headers), body))
        except psycopg.Error:
            logger.exception("the message could not be kept; Shopify sends it again")
            return Response(status_code=503)

    return app


async def _body(request: Request) -> bytes | None:
    """The body, or None if it is larger than any message; no more of it is read then."""
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > webhooks.LARGEST_BODY:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > webhooks.LARGEST_BODY:
            return None
    return bytes(body)


def of_airflow() -> Receiver:
    """A receiver that takes the shops from Trueup's database and their secrets from the Airflow connections."""
    from include.jobs import connections

    return Receiver(connections.oms, connections.webhook_secrets)
