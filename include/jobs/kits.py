"""The tasks of the kits: which products are kits, and what kits can promise."""

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import TARGETS_CHANGED

logger = logging.getLogger(__name__)


@task
def keep_kit_product_types() -> dict[str, int]:
    """Make kits of products that have components, and products again of those that have none any more.

    Returns:
        How many products were `made` kits, how many `unmade`, and how many kits are `without_components`.
    """
    from dataclasses import asdict

    from include.jobs import connections
    from include.stock.atp import kits

    with connections.oms() as oms:
        types = kits.keep_types(oms)
    if types.without_components:
        logger.warning(
            "%s kits have no components: they promise nothing until a kit list names some", types.without_components
        )
    return asdict(types)


@task(outlets=[TARGETS_CHANGED])
def set_up_kit_inventory(params: dict[str, Any] | None = None) -> dict[str, int]:
    """Compute what kits can promise; returns how many kits were computed and how many levels got another target.

    Raises:
        AirflowSkipException: No level got another target, so nothing is to be planned.
    """
    from dataclasses import asdict

    from include.jobs import connections
    from include.stock.atp import kits

    assert params is not None
    with connections.oms() as oms:
        inventory = kits.set_up_inventory(oms, include_all=params["includeAll"])
    logger.info("%s", inventory)
    if not inventory.levels:
        raise AirflowSkipException("every level has the target that it should have")
    return asdict(inventory)
