"""The tasks of the jobs that compare with Shopify: read, observe, plan within their scope, report."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import UPLOADS_PLANNED
from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.uploads import each_shop

if TYPE_CHECKING:
    from include.channel.scope import Scope
    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

Params = dict[str, Any]
ByShop = dict[str, dict[str, Any]]
FromTask = Any
"""What another task has returned; while the DAG file is read, a promise of it."""


@task
def choose_locations(params: Params | None = None) -> dict[str, list[str]]:
    """Find the locations that a run is about, keep `useValidATP` if it was given, and bring their targets up to date.

    Returns:
        The locations, by shop.

    Raises:
        NothingInScope: A parameter names what is not there, or leaves no location.
        AirflowSkipException: There is no location at all.
    """
    from include.channel import scope
    from include.jobs import connections
    from include.jobs.uploads import shops
    from include.stock.atp import online_atp

    assert params is not None
    wanted = _scope(params)
    with connections.oms() as oms:
        scope.check(oms, wanted)
        chosen = {shop_id: scope.locations(oms, shop_id, wanted) for shop_id, _ in shops(oms)}
        if not any(chosen.values()) and wanted == scope.Scope():
            raise AirflowSkipException("no Shopify location is mapped of which Trueup is master")
        if not any(chosen.values()):
            raise scope.NothingInScope(f"{wanted}: no Shopify location is left; see the table inventory_channel")
        if params.get("useValidATP") is not None:
            scope.use_valid_atp(oms, chosen, use=params["useValidATP"])
        online_atp.refresh(oms)
    return chosen


@task(pool=SHOPIFY_POOL)
def request_levels(chosen: FromTask, params: Params | None = None) -> dict[str, str]:
    """Have Shopify write down all levels, unless only recent changes are wanted.

    Returns:
        The bulk operation of each shop that is to be compared as a whole.
    """
    from include.shopify import bulk_query

    assert params is not None
    if not params["includeAll"]:
        return {}

    def start(_oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        return {"operation_id": bulk_query.start(client, "AllLevels")} if chosen.get(shop_id) else {}

    return {shop_id: each["operation_id"] for shop_id, each in each_shop(start).items() if each}


@task(pool=SHOPIFY_POOL)
def compare_with_shopify(chosen: FromTask, operations: FromTask, run_id: str | None = None) -> ByShop:
    """Compare what Shopify has written down with what we believe, look at what differs, and take over what is proven.

    Returns:
        The observation and its counts, by shop.
    """
    from include.channel import comparison, observation, orders
    from include.shopify import bulk_query

    def compare(oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        if not chosen.get(shop_id):
            return {}
        observed = observation.begin(oms, shop_id, "HARD_SYNC", run_id)
        if shop_id in operations:
            url = bulk_query.progress(client, operations[shop_id]).url
            orders.import_orders(oms, shop_id, client)
            exported = bulk_query.levels(client, url)
            compared = comparison.compare_export(oms, shop_id, chosen[shop_id], exported, observed)
            logger.info("shop %s: %s", shop_id, compared)
        return _observe(oms, shop_id, client, chosen[shop_id], observed)

    return {shop_id: found for shop_id, found in each_shop(compare).items() if found}


@task(pool=SHOPIFY_POOL)
def observe_recent_changes(chosen: FromTask, run_id: str | None = None) -> ByShop:
    """Look at the levels whose target has changed since the last look, and take over what is proven.

    Returns:
        The observation and its counts, by shop.
    """
    from include.channel import observation

    def observe(oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        if not chosen.get(shop_id):
            return {}
        return _observe(
            oms, shop_id, client, chosen[shop_id], observation.begin(oms, shop_id, "RECENT_CHANGES", run_id)
        )

    return {shop_id: found for shop_id, found in each_shop(observe).items() if found}


@task(outlets=[UPLOADS_PLANNED])
def plan_locations(chosen: FromTask, with_held: bool = False) -> dict[str, int]:
    """Freeze target less position of the chosen locations into batches; returns how many rows, by shop.

    Args:
        chosen: The locations.
        with_held: Whether also new launches, and what was held back by its reason or with a rejected plan.

    Raises:
        AirflowSkipException: Shopify shows what it should.
    """
    from include.channel import planner
    from include.jobs import connections

    with connections.oms() as oms:
        planned = {
            shop_id: planner.make(oms, shop_id, locations, with_held=with_held).rows
            for shop_id, locations in chosen.items()
        }
    if not any(planned.values()):
        raise AirflowSkipException("nothing differs between target and position")
    return planned


@task(trigger_rule="none_failed")
def report_drift(observed: FromTask, params: Params | None = None, run_id: str | None = None) -> dict[str, Any]:
    """Report what was found to be other than believed, and why; as a table on SFTP where a folder is given.

    Returns:
        Counts by shop, and where the table is.
    """
    from include import spreadsheets
    from include.channel import drift
    from include.intake import remote
    from include.jobs import connections

    assert params is not None
    report: dict[str, Any] = {}
    with connections.oms() as oms:
        ids = [each["observation_id"] for each in observed.values()]
        for shop_id, each in observed.items():
            report[shop_id] = drift.summary(oms, [each["observation_id"]])
            logger.info("shop %s: %s", shop_id, report[shop_id])
        folder = params.get("reportFolder")
        if folder and ids:
            found = drift.table(oms, ids)
            path = f"{folder.rstrip('/')}/drift-{'-'.join(map(str, ids))}.csv"
            with connections.sftp(params["propertyResource"]) as sftp:
                remote.write(sftp, path, iter([spreadsheets.table(found)]))
            report |= {"table": path, "rows": len(found)}
    return report


def _scope(params: Params) -> "Scope":
    from include.channel.scope import Scope

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

    from include.channel import comparison

    found = comparison.observe_marked(oms, shop_id, client, location_ids, observation_id)
    return {"observation_id": observation_id, **asdict(found)}
