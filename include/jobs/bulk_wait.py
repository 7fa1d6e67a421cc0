"""Waits in the triggerer, and takes no worker, until a shop's bulk operations have ended."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator

from include.errors import NeedsAction
from include.jobs.shops import told

LONGEST_QUERY = timedelta(hours=3)
LONGEST_MUTATION = timedelta(hours=25)
"""Shopify ends a bulk mutation after 24 hours."""


class OperationNotThere(NeedsAction):
    """An operation has not come to its end, and will not until somebody has acted on the message."""


class WaitForBulkOperations(BaseOperator):
    """Ends when none of a shop's bulk operations runs any more. A query that has failed at Shopify is started again.

    Args:
        shop_id: The shop.
        operations: Its bulk operations.
        query: The document that they run, if they are queries.
        poll_seconds: Between two questions.

    Returns:
        The operations that are done, each in the place of the one it stands for.
    """

    template_fields: Sequence[str] = ("shop_id", "operations")

    def __init__(
        self, *, shop_id: Any, operations: Any, query: str = "", poll_seconds: float = 5.0, **kwargs: Any
    ) -> None:
        super().__init__(map_index_template="{{ task.shop_id }}", **kwargs)
        self.shop_id = shop_id
        self.operations = operations
        self.query = query
        self.poll_seconds = poll_seconds

    def execute(self, context: Any) -> list[str]:
        """Hand the waiting over to the triggerer, if there is something to wait for."""
        from include.jobs.bulk_trigger import BulkTrigger

        if self.operations:
            trigger = BulkTrigger(
                shop_id=self.shop_id,
                operations=list(self.operations),
                query=self.query,
                poll_seconds=self.poll_seconds,
            )
            longest = LONGEST_QUERY if self.query else LONGEST_MUTATION
            self.defer(timeout=longest, trigger=trigger, method_name="resume")
        return []

    def resume(self, context: Any, event: dict[str, Any]) -> list[str]:
        """Take what the triggerer has found.

        Raises:
            OperationNotThere: An operation needs somebody to act.
        """
        with told(self.shop_id):
            if "needs_action" in event:
                raise OperationNotThere(event["needs_action"])
        operations: list[str] = event["operations"]
        return operations
