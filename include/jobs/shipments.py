"""The task that receives a shipment by form."""

import logging
from typing import Any

from airflow.sdk import task

from include.db import clock
from include.jobs.assets import STOCK_CHANGED

logger = logging.getLogger(__name__)


@task(outlets=[STOCK_CHANGED])
def receive_by_form(params: dict[str, Any] | None = None, run_id: str | None = None) -> dict[str, Any]:
    """Receive what has arrived of a shipment, once per run; returns what was received.

    Raises:
        NotReceivable: The shipment, the product or the numbers make no sense, or it is a restock. Nothing was received.
        NotIdentified: There is no such product.
    """
    from decimal import Decimal

    from include.jobs import connections
    from include.stock import identify
    from include.stock.inbound import shipments
    from include.stock.inbound.shipments import NotReceivable, ReceivedLine

    assert params is not None
    assert run_id is not None
    with connections.oms() as oms:
        shipment_id = shipments.identified(oms, params["shipment"])
        numbers = [params["accepted"], params["rejected"]]
        lines = None
        if params["product"]:
            accepted, rejected = (Decimal(str(number or 0)) for number in numbers)
            lines = [
                ReceivedLine(
                    accepted,
                    rejected,
                    product_id=identify.product(oms, params["product"]),
                    rejection_reason=params["rejectionReason"],
                )
            ]
        elif any(number is not None for number in numbers):
            raise NotReceivable(
                f"shipment {shipment_id}: numbers without a product; name the product, or leave all three empty to"
                " receive everything that is open"
            )
        received = shipments.receive(oms, shipment_id, clock.now(oms), f"run {run_id}", lines=lines)
    logger.info("shipment %s: %s", shipment_id, received)
    return {
        "shipment_id": shipment_id,
        "accepted": float(received.accepted),
        "lines": received.recorded,
        "received_before": received.is_repeated,
        "notes": list(received.notes),
    }
