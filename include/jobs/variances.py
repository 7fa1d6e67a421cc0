"""What people record by hand from the trigger form."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task

from include.jobs.assets import STOCK_CHANGED

if TYPE_CHECKING:
    from airflow.sdk.types import DagRunProtocol

logger = logging.getLogger(__name__)


@task(outlets=[STOCK_CHANGED])
def record_finding(params: dict[str, Any] | None = None, dag_run: "DagRunProtocol | None" = None) -> dict[str, Any]:
    """Record a variance or a count; returns what became of it. The same run again records nothing.

    Raises:
        NotIdentified: There is no such product or facility.
        VarianceRefused: The reason is not known, the numbers make no sense, or too few units are there.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime
    from decimal import Decimal

    from include.jobs import connections
    from include.stock import variances

    assert params is not None
    assert dag_run is not None
    quantity, count = (None if params[name] is None else Decimal(str(params[name])) for name in ("quantity", "count"))
    finding = variances.Finding(
        product=params["product"],
        facility=params["facility"],
        reason=params["reason"],
        quantity=quantity,
        counted=count,
        comment=params["comment"],
        found_by=dag_run.triggering_user_name,
    )
    with connections.oms() as oms:
        recorded = variances.record(oms, f"{dag_run.dag_id} {dag_run.run_id}", finding, datetime.now(UTC))
    logger.info(
        "no. %s%s: %+f units of %s at %s, %f on hand now",
        recorded.physical_inventory_id, ", recorded before" if recorded.is_repeated else "",
        recorded.difference, recorded.product_id, recorded.facility_id, recorded.quantity_on_hand,
    )  # fmt: skip
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in asdict(recorded).items()}
