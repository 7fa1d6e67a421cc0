"""The tasks of the jobs that compare with Shopify: read, observe, plan within their scope, report; one shop each."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import UPLOADS_PLANNED
from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.shops import LABEL, visit

if TYPE_CHECKING:
    from include.channel.planning.scope import Scope
    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

LEVELS = "AllLevels"
"""The bulk query that reads all levels of a shop."""

Params = dict[str, Any]
FromTask = Any
"""What another task has returned; while the DAG file is read, a promise of it."""


@task
def choose_locations(params: Params | None = None) -> list[dict[str, Any]]:
    """Find the locations that a run is about, keep `useValidATP` if it was given, and bring their targets up to date.

    Returns:
        The shops that have any, each with its locations.

    Raises:
        NothingInScope: A parameter names what is not there, or leaves no location.
        AirflowSkipException: There is no location at all.
    """
    from include.channel.planning import scope
    from include.jobs import connections
    from include.jobs.shops import shops
    from include.stock.atp import online_atp

    assert params is not None
    wanted = scope_of(params)
    with connections.oms() as oms:
        scope.check(oms, wanted)
        found = {shop_id: scope.locations(oms, shop_id, wanted) for shop_id in shops(oms)}
        chosen = {shop_id: location_ids for shop_id, location_ids in found.items() if location_ids}
        if not chosen and wanted == scope.Scope():
            raise AirflowSkipException("no Shopify location is mapped of which Trueup is master")
        if not chosen:
            raise scope.NothingInScope(f"{wanted}: no Shopify location is left; see the table inventory_channel")
        if params.get("useValidATP") is not None:
            scope.use_valid_atp(oms, chosen, use=params["useValidATP"])
        online_atp.refresh(oms)
    return [{"shop_id": shop_id, "location_ids": location_ids} for shop_id, location_ids in chosen.items()]


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def request_levels(shop_id: str, params: Params | None = None) -> list[str]:
    """Have Shopify write down all levels of a shop, unless only recent changes are wanted.

    Returns:
        The bulk operation, if there is one.
    """
    from include.shopify import bulk_query

    assert params is not None
    if not params["includeAll"]:
        return []
    return [visit(shop_id, lambda _oms, client: bulk_query.start(client, LEVELS))]


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def compare_with_shopify(
    shop_id: str, location_ids: FromTask, operations: FromTask, run_id: str | None = None
) -> dict[str, Any]:
    """Compare what Shopify has written down with what we believe, look at what differs, and take over what is proven.

    Returns:
        The observation and its counts.
    """
    from include.channel.order_import import orders
    from include.channel.reconciliation import comparison, observation
    from include.shopify import bulk_query

    def compare(oms: "Connection", client: "Client") -> dict[str, Any]:
        observed = observation.begin(oms, shop_id, "HARD_SYNC", run_id)
        for operation_id in operations:
            url = bulk_query.progress(client, operation_id).url
            orders.import_orders(oms, shop_id, client)
            exported = bulk_query.levels(client, url)
            compared = comparison.compare_export(oms, shop_id, location_ids, exported, observed)
            logger.info("shop %s: %s", shop_id, compared)
        return _observe(oms, shop_id, client, location_ids, observed)

    found: dict[str, Any] = visit(shop_id, compare)
    return found


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def observe_recent_changes(shop_id: str, location_ids: FromTask, run_id: str | None = None) -> dict[str, Any]:
    """Look at the levels whose target has changed since the last look, and take over what is proven.

    Returns:
        The observation and its counts.
    """
    from include.channel.reconciliation import observation

    def observe(oms: "Connection", client: "Client") -> dict[str, Any]:
        observed = observation.begin(oms, shop_id, "RECENT_CHANGES", run_id)
        return _observe(oms, shop_id, client, location_ids, observed)

    found: dict[str, Any] = visit(shop_id, observe)
    return found


@task(outlets=[UPLOADS_PLANNED], map_index_template=LABEL)
def plan_locations(shop_id: str, location_ids: FromTask, with_held: bool = False) -> int:
    """Freeze target less position of the chosen locations of a shop into batches; returns how many rows.

    Args:
        shop_id: The shop.
        location_ids: The locations.
        with_held: Whether also new launches, and what was held back by its reason or with a rejected plan.

    Raises:
        AirflowSkipException: Shopify shows what it should.
    """
    from include.channel.planning import planner
    from include.jobs import connections
    from include.jobs.shops import told

    with told(shop_id), connections.oms() as oms:
        planned = planner.make(oms, shop_id, location_ids, with_held=with_held)
    if not planned.rows:
        raise AirflowSkipException("nothing differs between target and position")
    return planned.rows


@task(trigger_rule="none_failed", map_index_template=LABEL)
def report_drift(shop_id: str, observed: FromTask, params: Params | None = None) -> dict[str, Any]:
    """Report what was found to be other than believed, and why; as a table on SFTP where a folder is given.

    Returns:
        Counts, and where the table is.
    """
    from include import spreadsheets
    from include.channel.reconciliation import drift
    from include.intake import remote
    from include.jobs import connections
    from include.jobs.shops import told

    assert params is not None
    with told(shop_id), connections.oms() as oms:
        observation_id = observed["observation_id"]
        report = drift.summary(oms, [observation_id])
        logger.info("shop %s: %s", shop_id, report)
        if folder := params.get("reportFolder"):
            found = drift.table(oms, [observation_id])
            path = f"{folder.rstrip('/')}/drift-{shop_id}-{observation_id}.csv"
            with connections.sftp(params["propertyResource"]) as sftp:
                remote.write(sftp, path, iter([spreadsheets.table(found)]))
            report |= {"table": path, "rows": len(found)}
    return report


def scope_of(params: Params) -> "Scope":
    """What a run was given, as the scope of its locations."""
    from include.channel.planning.scope import Scope

    group = params.get("facilityGroupId")
    return Scope(
        facility_group_id=None if group == "*" else group,
        shopify_facility_group_id=params.get("shopifyFacilityGroupId"),
        exclude_facility_ids=tuple(params.get("excludeFacilityIds") or ()),
    )


def _observe(
    oms: "Connection", shop_id: str, client: "Client", location_ids: list[str], observation_id: int
) -> dict[str, Any]:
    from dataclasses import asdict

    from include.channel.reconciliation import comparison

    found = comparison.observe_marked(oms, shop_id, client, location_ids, observation_id)
    return {"observation_id": observation_id, **asdict(found)}
