"""Waits in the triggerer, and takes no worker, until Shopify has written down all levels of each shop."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator

from include.errors import NeedsAction

LONGEST_WAIT = timedelta(hours=3)


class ExportNotThere(NeedsAction):
    """An export has not come, and will not until somebody has acted on the message."""


class WaitForExport(BaseOperator):
    """Ends when all bulk queries are done. One that has failed at Shopify is started again.

    Args:
        operations: The bulk operation of each shop, by shop.
        poll_seconds: Between two questions.

    Returns:
        The operations that are done, by shop.
    """

    template_fields: Sequence[str] = ("operations",)

    def __init__(self, *, operations: Any, poll_seconds: float = 5.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.operations = operations
        self.poll_seconds = poll_seconds

    def execute(self, context: Any) -> dict[str, str]:
        """Hand the waiting over to the triggerer, if there is something to wait for."""
        from include.jobs.export_trigger import ExportTrigger

        if self.operations:
            self.defer(
                timeout=LONGEST_WAIT,
                trigger=ExportTrigger(operations=self.operations, poll_seconds=self.poll_seconds),
                method_name="resume",
            )
        return {}

    def resume(self, context: Any, event: dict[str, Any]) -> dict[str, str]:
        """Take what the triggerer has found.

        Raises:
            ExportNotThere: An export needs somebody to act.
        """
        if "needs_action" in event:
            raise ExportNotThere(event["needs_action"])
        operations: dict[str, str] = event["operations"]
        return operations
