"""Waits in the triggerer for a restock's moment, where waiting holds no worker.

The moment is looked up again and again, so that the waiting follows a restock that is rescheduled or cancelled. All is
by the database's clock: the same one that the receipt is checked against.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import psycopg
from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from include.db import clock
from include.errors import NeedsAction
from include.jobs import connections
from include.stock.inbound import restock_runs, restocks

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
"""Seconds between two looks at most: so late is a rescheduling noticed. The moment itself is met exactly."""


class RestockTrigger(BaseTrigger):
    """Ends the task as successful at the restock's moment, and as skipped if it is closed or not for today any more.

    Args:
        shipment_id: The restock.
    """

    def __init__(self, *, shipment_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shipment_id = shipment_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        return f"{__name__}.RestockTrigger", {"shipment_id": self.shipment_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; yields one event."""
        waits_for: datetime | None = None
        while True:
            try:
                restock, seconds = await asyncio.to_thread(_look, self.shipment_id)
            except psycopg.OperationalError as trouble:
                logger.warning("the database: %r; trying again", trouble)
                await asyncio.sleep(LONGEST_PAUSE)
                continue
            except NeedsAction as need:
                yield TriggerEvent({"needs_action": str(need)})  # type: ignore[no-untyped-call]
                return
            if restock.status_id != "SCHEDULED":
                logger.info("%s is %s: nothing to wait for", restock, restock.status_id)
                yield TaskSkippedEvent()
                return
            if seconds <= 0:
                yield TaskSuccessEvent()
                return
            if seconds > restock_runs.LEAD.total_seconds():
                logger.info(
                    "%s is scheduled for %s: start_scheduled_restocks starts a run a day before",
                    restock,
                    restock.scheduled_at,
                )
                yield TaskSkippedEvent()
                return
            if restock.scheduled_at != waits_for:
                waits_for = restock.scheduled_at
                logger.info("%s: waits for %s", restock, waits_for)
            await asyncio.sleep(min(seconds, LONGEST_PAUSE))


def _look(shipment_id: str) -> tuple[restocks.Restock, float]:
    """A restock, and how many seconds are left."""
    with connections.oms() as oms:
        restock = restocks.read(oms, shipment_id)
        return restock, (restock.scheduled_at - clock.now(oms)).total_seconds()
