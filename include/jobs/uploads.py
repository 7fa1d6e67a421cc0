"""The tasks between the stock and Shopify: targets, plans, deliveries, settlements, orders. Each visits all shops."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import POSITIONS_OBSERVED, STOCK_CHANGED, UPLOADS_PLANNED
from include.jobs.defaults import SHOPIFY_POOL

if TYPE_CHECKING:
    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

SECONDS_FOR_THE_LOCK = 60.0
"""How long a task waits for another one that is at work on the same shop."""


@task
def refresh_online_atp() -> int:
    """Recompute online ATP of the products that have changed; returns how many levels got another target."""
    from include.jobs import connections
    from include.stock import online_atp

    with connections.oms() as oms:
        return online_atp.refresh(oms)


@task(outlets=[UPLOADS_PLANNED])
def plan_uploads() -> dict[str, int]:
    """Freeze target less position into batches; returns how many, by shop.

    Raises:
        AirflowSkipException: Shopify shows what it should, as far as we know.
    """
    from include.channel import planner
    from include.jobs import connections

    with connections.oms() as oms:
        planned = {shop_id: len(planner.plan(oms, shop_id)) for shop_id, _ in shops(oms)}
    if not any(planned.values()):
        raise AirflowSkipException("nothing differs between target and position")
    return planned


@task(pool=SHOPIFY_POOL, outlets=[POSITIONS_OBSERVED])
def observe_levels() -> dict[str, Any]:
    """Settle unknown outcomes and see new levels, by looking at what Shopify shows.

    Raises:
        AirflowSkipException: There is nothing to look at.
    """
    from dataclasses import asdict

    from include.channel import observation

    found = each_shop(lambda oms, shop_id, client: asdict(observation.settle(oms, shop_id, client)))
    if not any(settlement["observed"] for settlement in found.values()):
        raise AirflowSkipException("no outcome is unknown and every level has been seen")
    return found


@task(pool=SHOPIFY_POOL, trigger_rule="all_done")
def deliver_batches() -> dict[str, Any]:
    """Send what is planned; returns the count of outcomes by shop."""
    from dataclasses import asdict

    from include.channel import delivery

    sent = each_shop(lambda oms, shop_id, client: asdict(delivery.deliver(oms, shop_id, client)))
    logger.info("delivered: %s", sent)
    return sent


@task(pool=SHOPIFY_POOL, outlets=[STOCK_CHANGED])
def import_orders() -> dict[str, Any]:
    """Bring the imported state of the shops' orders up to date; returns what was read, by shop.

    Raises:
        AirflowSkipException: No order has changed.
    """
    from dataclasses import asdict

    from include.channel import orders

    imported = each_shop(lambda oms, shop_id, client: asdict(orders.import_orders(oms, shop_id, client)))
    if not any(result["movements"] for result in imported.values()):
        raise AirflowSkipException("no order has changed")
    return imported


def shops(oms: "Connection") -> list[tuple[str, str]]:
    """All shops, each with its Airflow connection."""
    rows = oms.execute(b"SELECT shop_id, connection_id FROM shopify_shop ORDER BY shop_id").fetchall()
    return [(row[0], row[1]) for row in rows]


def each_shop(work: "Callable[[Connection, str, Client], dict[str, Any]]") -> dict[str, dict[str, Any]]:
    """Do something for every shop, one after the other, each under its lock. One shop's trouble does not stop the next.

    Returns:
        What it brought, by shop.

    Raises:
        Exception: The first shop's trouble, once all shops have been visited.
    """
    from include.jobs import connections

    brought: dict[str, dict[str, Any]] = {}
    troubles: list[Exception] = []
    with connections.oms() as oms:
        for shop_id, connection_id in shops(oms):
            try:
                with _shop(oms, shop_id, connection_id) as client:
                    brought[shop_id] = work(oms, shop_id, client)
            except Exception as trouble:
                logger.exception("shop %s", shop_id)
                troubles.append(trouble)
    if troubles:
        raise troubles[0]
    return brought


@contextmanager
def _shop(oms: "Connection", shop_id: str, connection_id: str) -> "Iterator[Client]":
    from include.db.connection import exclusive
    from include.jobs import connections

    with exclusive(oms, f"shop {shop_id}", SECONDS_FOR_THE_LOCK), connections.shopify(connection_id) as client:
        yield client
