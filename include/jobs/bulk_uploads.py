"""The tasks that send by file: start a shop's operations, and write down what became of them."""

from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import POSITIONS_OBSERVED
from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.shops import LABEL, visit_alone

if TYPE_CHECKING:
    from include.db.connection import Connection
    from include.shopify.client import Client


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def start_files(shop_id: str) -> list[str]:
    """Put planned batches of a shop into files and start their operations.

    Returns:
        The operations to wait for: none if another run has started them, which waits for them.

    Raises:
        AirflowSkipException: Nothing goes by file, or another run is sending.
    """
    from include.channel.delivery import bulk_delivery

    def start(oms: "Connection", client: "Client") -> list[str]:
        if not bulk_delivery.is_needed(oms, shop_id):
            raise AirflowSkipException("no plan goes by file")
        started = bulk_delivery.start_files(oms, shop_id, client)["started"]
        return bulk_delivery.running(oms, shop_id) if started else []

    operations: list[str] = visit_alone(shop_id, "shop", start)
    return operations


@task(pool=SHOPIFY_POOL, outlets=[POSITIONS_OBSERVED], map_index_template=LABEL)
def collect_results(shop_id: str) -> dict[str, Any]:
    """Write down what became of each line of a shop's files; returns the count of outcomes.

    Raises:
        AirflowSkipException: Another run is sending.
    """
    from include.channel.delivery import bulk_delivery

    collected: dict[str, Any] = visit_alone(
        shop_id, "shop", lambda oms, client: bulk_delivery.collect(oms, shop_id, client)
    )
    return collected
