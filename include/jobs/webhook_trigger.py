"""Watches the inbox of webhooks from the triggerer, and wakes the DAG that works it off.

Airflow loses events, and so does a triggerer that dies. So the inbox itself is looked at again and again: as long as
messages wait, their shop is told of once more. A shop of which nothing gets done is told of ever less often, at last as
often as the DAG's schedule runs it anyway.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from include.channel.from_shopify.inbox import Waiting
    from include.db.connection import Connection

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Between two looks: one short statement over a connection that stays open."""

SHORTEST = 5.0
"""Seconds at least between two events about a shop: one run takes all that has come by then."""

PATIENCE, LONGEST_PATIENCE = 20.0, 300.0
"""Seconds until a shop is told of again whose messages no run has got done, and at most; each time twice as long."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the next try to reach the database, and at most; each pause is twice the one before."""


@dataclass(frozen=True, slots=True)
class Told:
    """Of which message of a shop was told last, when (seconds of the monotonic clock), and how long it may wait."""

    message: str
    at: float
    patience: float


class WebhookTrigger(BaseEventTrigger):
    """Fires events with the ids of the `shops` whose messages wait, and never ends."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        return f"{__name__}.WebhookTrigger", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch, for good."""
        told: dict[str, Told] = {}
        pause = FIRST_PAUSE
        while True:
            try:
                async with AsyncExitStack() as stack:
                    oms = await _open(stack)
                    while True:
                        found = await asyncio.to_thread(_look, oms, told)
                        pause = FIRST_PAUSE
                        if shops := due(found, told, time.monotonic()):
                            logger.info("messages of %s wait", ", ".join(shops))
                            yield TriggerEvent({"shops": shops})  # type: ignore[no-untyped-call]
                        await asyncio.sleep(POLL_SECONDS)
            except Exception as trouble:
                # Whatever it is: nobody would be woken any more, and the schedule would hide it.
                logger.warning("the inbox of webhooks cannot be looked at: %r; again in %.0f s", trouble, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)


def due(found: "list[Waiting]", told: dict[str, Told], now: float) -> list[str]:
    """The shops to be told of now.

    Args:
        found: The shops of which messages wait.
        told: By shop, what was told of it; brought up to date.
        now: The monotonic clock, in seconds.
    """
    for shop_id in told.keys() - {each.shop_id for each in found}:
        if now >= told[shop_id].at + SHORTEST:
            del told[shop_id]
    shops = []
    for each in found:
        last = told.get(each.shop_id)
        if last is None or (not each.waits_still and now >= last.at + SHORTEST):
            told[each.shop_id] = Told(each.newest, now, PATIENCE)
        elif each.waits_still and now >= last.at + last.patience:
            told[each.shop_id] = Told(each.newest, now, min(2 * last.patience, LONGEST_PATIENCE))
        else:
            continue
        shops.append(each.shop_id)
    return shops


def _look(oms: "Connection", told: dict[str, Told]) -> "list[Waiting]":
    """The shops of which messages wait; in a thread, as it waits for the database."""
    from include.channel.from_shopify import inbox

    return inbox.waiting(oms, {shop_id: last.message for shop_id, last in told.items()})


async def _open(stack: AsyncExitStack) -> "Connection":
    """Trueup's database, opened in a thread, as it waits for it; closed with the stack."""
    from include.jobs import connections

    opened = ExitStack()
    oms = await asyncio.to_thread(opened.enter_context, connections.oms())
    stack.enter_context(opened)
    return oms
