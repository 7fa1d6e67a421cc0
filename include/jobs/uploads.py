"""The tasks between the stock and Shopify: targets, plans, deliveries, settlements, orders."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import POSITIONS_OBSERVED, STOCK_CHANGED, UPLOADS_PLANNED
from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.shops import LABEL, shops, visit, visit_alone

if TYPE_CHECKING:
    from include.db.connection import Connection

logger = logging.getLogger(__name__)


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

    from include.channel.planning import planner
    from include.jobs import connections

    params = params or {}
    with connections.oms() as oms:
        if params.get("dryRun"):
            return {shop_id: _preview(oms, shop_id, params) for shop_id in shops(oms)}
        planned = {shop_id: asdict(planner.make(oms, shop_id)) for shop_id in shops(oms)}
    if not any(each["rows"] for each in planned.values()):
        raise AirflowSkipException("nothing differs between target and position")
    return {shop_id: each | {"batches": len(each["batches"])} for shop_id, each in planned.items()}


def _preview(oms: "Connection", shop_id: str, params: dict[str, Any]) -> dict[str, Any]:
    """Show what would be planned for a shop: the first rows in the log, all of them as CSV where a folder is given."""
    from datetime import UTC, datetime

    from include import spreadsheets
    from include.channel.planning import planner
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


@task(pool=SHOPIFY_POOL, outlets=[POSITIONS_OBSERVED], trigger_rule="all_done", map_index_template=LABEL)
def observe_levels(shop_id: str) -> dict[str, Any]:
    """Settle a shop's unknown outcomes and see its new levels, by looking at what Shopify shows.

    Raises:
        AirflowSkipException: There is nothing to look at, or another run is looking.
    """
    from dataclasses import asdict

    from include.channel.reconciliation import observation

    found = visit_alone(shop_id, "observer of", lambda oms, client: observation.settle(oms, shop_id, client))
    if not found.observed:
        raise AirflowSkipException("no outcome is unknown and every level has been seen")
    return asdict(found)


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def deliver_batches(shop_id: str) -> dict[str, Any]:
    """Send what is planned for a shop; returns the count of outcomes.

    Raises:
        AirflowSkipException: Another run is sending.
    """
    from dataclasses import asdict

    from include.channel.delivery import delivery

    sent = asdict(visit_alone(shop_id, "shop", lambda oms, client: delivery.deliver(oms, shop_id, client)))
    logger.info("shop %s: %s", shop_id, sent)
    return sent


@task(pool=SHOPIFY_POOL, outlets=[STOCK_CHANGED], map_index_template=LABEL)
def import_orders(shop_id: str) -> dict[str, Any]:
    """Bring the imported state of a shop's orders up to date; returns what was read.

    Raises:
        AirflowSkipException: No order has changed.
    """
    from dataclasses import asdict

    from include.channel.order_import import orders

    imported = visit(shop_id, lambda oms, client: orders.import_orders(oms, shop_id, client))
    if not imported.movements:
        raise AirflowSkipException("no order has changed")
    return asdict(imported)
