"""Asks after bulk queries from the triggerer, where waiting holds no worker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.errors import NeedsAction
from include.jobs import connections
from include.shopify import bulk_query
from include.shopify.bulk_query import ExportFailed, Progress
from include.shopify.errors import ShopifyError

logger = logging.getLogger(__name__)

MOST_STARTS = 3
"""Times that a bulk query may fail at Shopify until somebody is asked to look."""


class ExportTrigger(BaseTrigger):
    """Ends with the operations that are done, or with what somebody has to act on.

    Args:
        operations: The bulk operation of each shop, by shop.
        poll_seconds: Between two questions.
    """

    def __init__(self, *, operations: dict[str, str], poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations, self.poll_seconds = operations, poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        kept = {"operations": self.operations, "poll_seconds": self.poll_seconds}
        return f"{__name__}.ExportTrigger", kept

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; yields one event."""
        try:
            done = [await self._wait(shop_id, operation) for shop_id, operation in self.operations.items()]
        except NeedsAction as need:
            yield TriggerEvent({"needs_action": str(need)})  # type: ignore[no-untyped-call]
            return
        yield TriggerEvent({"operations": dict(zip(self.operations, done, strict=True))})  # type: ignore[no-untyped-call]

    async def _wait(self, shop_id: str, operation_id: str) -> str:
        """The operation that is done at last: the given one, or the one that was started in its place.

        Raises:
            NeedsAction: The app may not read the levels, or the query has failed too often.
        """
        starts = 1
        while True:
            try:
                found = await asyncio.to_thread(_progress, shop_id, operation_id)
                if found.is_done:
                    logger.info("shop %s: %s is done, %s objects", shop_id, operation_id, found.objects)
                    return operation_id
            except ExportFailed as failure:
                if starts == MOST_STARTS:
                    raise NeedsAction(f"shop {shop_id}: {failure}; it has failed {starts} times in a row") from failure
                starts += 1
                logger.warning("shop %s: %s", shop_id, failure)
                operation_id = await self._start_again(shop_id, operation_id)
            except ShopifyError as trouble:
                if isinstance(trouble, NeedsAction):
                    raise
                logger.warning("shop %s: %s; asked again", shop_id, trouble)
            await asyncio.sleep(self.poll_seconds)

    async def _start_again(self, shop_id: str, operation_id: str) -> str:
        """Start the query anew; if that does not succeed either, go on with the old one and come back."""
        try:
            return await asyncio.to_thread(_start, shop_id)
        except ShopifyError as trouble:
            if isinstance(trouble, NeedsAction):
                raise
            logger.warning("shop %s: %s", shop_id, trouble)
            return operation_id


def _progress(shop_id: str, operation_id: str) -> Progress:
    """Ask how far a query is; in a thread, as it waits for the answer."""
    with connections.shopify(connections.of_shop(shop_id)) as client:
        return bulk_query.progress(client, operation_id)


def _start(shop_id: str) -> str:
    with connections.shopify(connections.of_shop(shop_id)) as client:
        return bulk_query.start(client, "AllLevels")
