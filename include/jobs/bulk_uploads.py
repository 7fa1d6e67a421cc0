"""The tasks that send by file: start the operations, wait for them in the triggerer, write down what became of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, task
from airflow.sdk.exceptions import AirflowSkipException

from include.errors import NeedsAction
from include.jobs.assets import POSITIONS_OBSERVED
from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.uploads import each_shop

if TYPE_CHECKING:
    from include.db.connection import Connection
    from include.shopify.client import Client

LONGEST_WAIT = timedelta(hours=25)
"""Shopify ends a bulk mutation after 24 hours."""


class OperationNotReadable(NeedsAction):
    """An operation can no longer be asked after until somebody has acted on the message."""


@task(pool=SHOPIFY_POOL)
def start_files() -> dict[str, list[str]]:
    """Put planned batches into files and start their operations; returns the operations that run, by shop.

    Raises:
        AirflowSkipException: Nothing goes by file.
    """
    from include.channel import bulk_delivery

    def start(oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        started = bulk_delivery.start_files(oms, shop_id, client) if bulk_delivery.is_needed(oms, shop_id) else {}
        return started | {"operations": bulk_delivery.running(oms, shop_id)}

    running = {shop_id: each["operations"] for shop_id, each in each_shop(start).items() if each["operations"]}
    if not running:
        raise AirflowSkipException("no plan goes by file")
    return running


class WaitForOperations(BaseOperator):
    """Ends when all bulk mutations have ended.

    Args:
        operations: The bulk operations of each shop, by shop.
        poll_seconds: Between two questions.
    """

    template_fields: Sequence[str] = ("operations",)

    def __init__(self, *, operations: Any, poll_seconds: float = 5.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.operations = operations
        self.poll_seconds = poll_seconds

    def execute(self, context: Any) -> None:
        """Hand the waiting over to the triggerer."""
        from include.jobs.bulk_trigger import BulkMutationTrigger

        self.defer(
            timeout=LONGEST_WAIT,
            trigger=BulkMutationTrigger(operations=self.operations, poll_seconds=self.poll_seconds),
            method_name="resume",
        )

    def resume(self, context: Any, event: dict[str, Any]) -> None:
        """Take what the triggerer has found.

        Raises:
            OperationNotReadable: Somebody has to act.
        """
        if "needs_action" in event:
            raise OperationNotReadable(event["needs_action"])


@task(pool=SHOPIFY_POOL, outlets=[POSITIONS_OBSERVED])
def collect_results() -> dict[str, Any]:
    """Write down what became of each line; returns the count of outcomes by shop."""
    from include.channel import bulk_delivery

    return each_shop(lambda oms, shop_id, client: dict(bulk_delivery.collect(oms, shop_id, client)))
