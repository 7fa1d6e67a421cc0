"""The tasks between the stock and Shopify: targets, plans, deliveries, settlements, orders. Each visits all shops."""

import logging
from collections.abc import Callable
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
    from include.stock.atp import online_atp

    with connections.oms() as oms:
        return online_atp.refresh(oms)


@task(outlets=[UPLOADS_PLANNED])
def plan_uploads(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Freeze target less position into batches, or with `dryRun` only show what would be.

    Returns:
        Rows, batches and transport with its reason, by shop; and why a plan waits for approval, if it does.

    Raises:
        AirflowSkipException: Shopify shows what it should, as far as we know.
    """
    from dataclasses import asdict

    from include.channel import planner
    from include.jobs import connections

    params = params or {}
    with connections.oms() as oms:
        if params.get("dryRun"):
            return {shop_id: _preview(oms, shop_id, params) for shop_id, _ in shops(oms)}
        planned = {shop_id: asdict(planner.make(oms, shop_id)) for shop_id, _ in shops(oms)}
    if not any(each["rows"] for each in planned.values()):
        raise AirflowSkipException("nothing differs between target and position")
    return {shop_id: each | {"batches": len(each["batches"])} for shop_id, each in planned.items()}


def _preview(oms: "Connection", shop_id: str, params: dict[str, Any]) -> dict[str, Any]:
    """Show what would be planned for a shop: the first rows in the log, all of them as CSV where a folder is given."""
    from datetime import UTC, datetime

    from include import spreadsheets
    from include.channel import planner
    from include.intake import remote
    from include.jobs import connections

    found, because = planner.preview(oms, shop_id)
    logger.info("shop %s would get %s rows; the first of them:\n%s", shop_id, len(found), found.head(50).to_string())
    report: dict[str, Any] = {"rows": len(found), "held_because": because}
    if params.get("reportFolder"):
        path = f"{params['reportFolder'].rstrip('/')}/plan-{shop_id}-{datetime.now(UTC):%Y%m%dT%H%M%S}.csv"
        with connections.sftp(params["propertyResource"]) as sftp:
            remote.write(sftp, path, iter([spreadsheets.table(found)]))
        report["table"] = path
    return report


@task(pool=SHOPIFY_POOL, outlets=[POSITIONS_OBSERVED])
def observe_levels() -> dict[str, Any]:
    """Settle unknown outcomes and see new levels, by looking at what Shopify shows.

    Raises:
        AirflowSkipException: There is nothing to look at.
    """
    from dataclasses import asdict

    from include.channel import observation

    found = each_shop(
        lambda oms, shop_id, client: asdict(observation.settle(oms, shop_id, client)),
        before=observation.wait_until_ripe,
    )
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


def each_shop(
    work: "Callable[[Connection, str, Client], dict[str, Any]]",
    before: "Callable[[Connection, str], None] | None" = None,
) -> dict[str, dict[str, Any]]:
    """Do something for every shop, all at the same time, each under its lock: no shop waits for another one's trouble.

    Args:
        work: What to do.
        before: What to do before the shop's lock is taken, such as waiting.

    Returns:
        What it brought, by shop.

    Raises:
        Exception: The first shop's trouble, once all shops are done.
    """
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import ExitStack

    from include.jobs import connections

    brought: dict[str, dict[str, Any]] = {}
    troubles: list[Exception] = []
    with ExitStack() as stack:
        # Airflow is asked for connections here only: it answers one thread.
        found = shops(stack.enter_context(connections.oms()))
        begun = {}
        threads = stack.enter_context(ThreadPoolExecutor(max(1, len(found)), "shop"))
        for shop_id, connection_id in found:
            try:
                oms, client = (
                    stack.enter_context(connections.oms()),
                    stack.enter_context(connections.shopify(connection_id)),
                )
            except Exception as trouble:
                logger.exception("shop %s", shop_id)
                troubles.append(trouble)
                continue
            begun[shop_id] = threads.submit(_one_shop, oms, shop_id, client, work, before)
        for shop_id, each in begun.items():
            try:
                brought[shop_id] = each.result()
            except Exception as trouble:
                logger.exception("shop %s", shop_id)
                troubles.append(trouble)
    if troubles:
        raise troubles[0]
    return brought


def _one_shop(
    oms: "Connection",
    shop_id: str,
    client: "Client",
    work: "Callable[[Connection, str, Client], dict[str, Any]]",
    before: "Callable[[Connection, str], None] | None",
) -> dict[str, Any]:
    from include.db.connection import exclusive

    if before is not None:
        before(oms, shop_id)
    with exclusive(oms, f"shop {shop_id}", SECONDS_FOR_THE_LOCK):
        return work(oms, shop_id, client)
