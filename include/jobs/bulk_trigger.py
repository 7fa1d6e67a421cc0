"""Asks after a shop's bulk operations from the triggerer, where waiting holds no worker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.errors import NeedsAction
from include.jobs import connections
from include.shopify import bulk_mutation, bulk_query
from include.shopify.bulk_query import ExportFailed
from include.shopify.errors import ShopifyError

if TYPE_CHECKING:
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

MOST_STARTS = 3
"""Times that a bulk query may fail at Shopify until somebody is asked to look."""


class BulkTrigger(BaseTrigger):
    """Ends with the operations once none of them runs any more, or with what somebody has to act on.

    All is asked over one connection to the shop, with one access token.

    Args:
        shop_id: The shop.
        operations: Its bulk operations.
        query: The document that they run, if they are queries: one that has failed at Shopify is started again. Empty
            for mutations, of which one that has ended in any way is done.
        poll_seconds: Between two questions.
    """

    def __init__(self, *, shop_id: str, operations: list[str], query: str, poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shop_id, self.operations, self.query, self.poll_seconds = shop_id, operations, query, poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        kept = {
            "shop_id": self.shop_id,
            "operations": self.operations,
            "query": self.query,
            "poll_seconds": self.poll_seconds,
        }
        return f"{__name__}.BulkTrigger", kept

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; yields one event."""
        try:
            async with AsyncExitStack() as stack:
                client = await self._open(stack)
                done = [await self._wait(client, operation) for operation in self.operations]
        except NeedsAction as need:
            yield TriggerEvent({"needs_action": str(need)})  # type: ignore[no-untyped-call]
            return
        yield TriggerEvent({"operations": done})  # type: ignore[no-untyped-call]

    async def _open(self, stack: AsyncExitStack) -> "Client":
        """The shop's API, in a thread as it is looked up in the database; closed with the stack."""
        opened = ExitStack()

        def look_up() -> "Client":
            return opened.enter_context(connections.shopify(connections.of_shop(self.shop_id)))

        client = await asyncio.to_thread(look_up)
        stack.enter_context(opened)
        return client

    async def _wait(self, client: "Client", operation_id: str) -> str:
        """The operation that is done at last: the given one, or the one that was started in its place.

        Raises:
            NeedsAction: The app may not read what it asks for, or the query has failed too often.
        """
        starts = 1
        while True:
            try:
                if await asyncio.to_thread(self._is_done, client, operation_id):
                    logger.info("shop %s: %s is done", self.shop_id, operation_id)
                    return operation_id
            except ExportFailed as failure:
                if starts == MOST_STARTS:
                    raise NeedsAction(
                        f"shop {self.shop_id}: {failure}; it has failed {starts} times in a row"
                    ) from failure
                starts += 1
                logger.warning("shop %s: %s", self.shop_id, failure)
                operation_id = await self._start_again(client, operation_id)
            except ShopifyError as trouble:
                if isinstance(trouble, NeedsAction):
                    raise
                logger.warning("shop %s: %s; asked again", self.shop_id, trouble)
            await asyncio.sleep(self.poll_seconds)

    def _is_done(self, client: "Client", operation_id: str) -> bool:
        """Ask whether an operation is done; in a thread, as it waits for the answer."""
        if self.query:
            return bulk_query.progress(client, operation_id).is_done
        return bulk_mutation.ended(client, operation_id) is not None

    async def _start_again(self, client: "Client", operation_id: str) -> str:
        """Start the query anew; if that does not succeed either, go on with the old one and come back."""
        try:
            return await asyncio.to_thread(bulk_query.start, client, self.query)
        except ShopifyError as trouble:
            if isinstance(trouble, NeedsAction):
                raise
            logger.warning("shop %s: %s", self.shop_id, trouble)
            return operation_id
