"""Asks after bulk mutations from the triggerer, where waiting holds no worker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.errors import NeedsAction
from include.jobs import connections
from include.shopify import bulk_mutation
from include.shopify.errors import ShopifyError

logger = logging.getLogger(__name__)


class BulkMutationTrigger(BaseTrigger):
    """Ends when none of the operations runs any more, or with what somebody has to act on.

    Args:
        operations: The bulk operations of each shop, by shop.
        poll_seconds: Between two questions.
    """

    def __init__(self, *, operations: dict[str, list[str]], poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations, self.poll_seconds = operations, poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        kept = {"operations": self.operations, "poll_seconds": self.poll_seconds}
        return f"{__name__}.BulkMutationTrigger", kept

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; yields one event."""
        try:
            for shop_id, operations in self.operations.items():
                for operation_id in operations:
                    await self._wait(shop_id, operation_id)
        except NeedsAction as need:
            yield TriggerEvent({"needs_action": str(need)})  # type: ignore[no-untyped-call]
            return
        yield TriggerEvent({})  # type: ignore[no-untyped-call]

    async def _wait(self, shop_id: str, operation_id: str) -> None:
        while True:
            try:
                if await asyncio.to_thread(_has_ended, shop_id, operation_id):
                    return
            except ShopifyError as trouble:
                if isinstance(trouble, NeedsAction):
                    raise
                logger.warning("shop %s: %s; asked again", shop_id, trouble)
            await asyncio.sleep(self.poll_seconds)


def _has_ended(shop_id: str, operation_id: str) -> bool:
    """Ask whether an operation has ended; in a thread, as it waits for the answer."""
    with connections.shopify(connections.of_shop(shop_id)) as client:
        return bulk_mutation.ended(client, operation_id) is not None
