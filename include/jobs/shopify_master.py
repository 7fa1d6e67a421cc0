"""The tasks of what comes from Shopify: levels of locations where it is master, webhooks, and who is told of what."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.sync import FromTask, Params
from include.jobs.uploads import each_shop

if TYPE_CHECKING:
    from include.channel.shopify_master import Snapshot
    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

CONFIG_ID = "SHOPIFY_INV_RESET"
"""The data manager configuration of the files."""


@task(pool=SHOPIFY_POOL)
def request_master_levels() -> dict[str, dict[str, Any]]:
    """Have Shopify write down the levels of each shop with a location where it is master.

    Returns:
        By shop: the bulk operation, and the moment of which the file will speak.

    Raises:
        AirflowSkipException: Trueup is master everywhere.
        NotOneToOne: A location where Shopify is master is not one store or warehouse.
    """
    from include.channel import shopify_master
    from include.shopify import bulk_query

    def start(oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        if not shopify_master.facilities(oms, shop_id):
            return {}
        moment = shopify_master.before(oms, shop_id, client)
        operation = bulk_query.start(client, "AllLevels")
        return {"operation_id": operation, "at": moment.at.isoformat(), "last_movement": moment.last_movement}

    started = {shop_id: each for shop_id, each in each_shop(start).items() if each}
    if not started:
        raise AirflowSkipException("no inventory channel has inventory_master SHOPIFY")
    return started


@task
def operations_of(started: FromTask) -> dict[str, str]:
    """The bulk operation of each shop."""
    return {shop_id: each["operation_id"] for shop_id, each in started.items()}


@task(pool=SHOPIFY_POOL)
def write_reset_files(started: FromTask, operations: FromTask, params: Params | None = None) -> dict[str, Any]:
    """Write what Shopify shows where it is master as a reset file for the data manager; returns its counts."""
    from datetime import datetime

    from include.channel import shopify_master
    from include.channel.shopify_master import Moment
    from include.shopify import bulk_query

    assert params is not None

    def write(oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        if shop_id not in started:
            return {}
        found = started[shop_id]
        mapped = shopify_master.facilities(oms, shop_id)
        exported = bulk_query.levels(client, bulk_query.progress(client, operations[shop_id]).url)
        moment = Moment(datetime.fromisoformat(found["at"]), found["last_movement"])
        return _put(oms, params, shopify_master.snapshot(oms, shop_id, client, moment, mapped, exported))

    return {shop_id: each for shop_id, each in each_shop(write).items() if each}


@task(pool=SHOPIFY_POOL)
def work_off_webhooks(params: Params | None = None) -> dict[str, Any]:
    """Mark what the waiting messages speak of, and read anew the levels where Shopify is master; returns counts.

    Raises:
        AirflowSkipException: No message waits.
    """
    from include.channel import inbox, observation, shopify_master

    assert params is not None

    def work(oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        worked = inbox.work_off(oms, shop_id)
        counts = {"echo": worked.echo, "marked": worked.marked, "ignored": worked.ignored}
        if not worked.levels:
            return counts
        mapped = shopify_master.facilities(oms, shop_id)
        levels = tuple(level for level in worked.levels if level[1] in mapped)
        moment = shopify_master.before(oms, shop_id, client)
        _, read_from = observation.last_order_movement(oms)
        exported = shopify_master.reread(client, levels)
        snapshot = shopify_master.snapshot(oms, shop_id, client, moment, mapped, exported)
        written = _put(oms, params, snapshot)
        # A level that was left out keeps its messages, and is read anew by the next run.
        if not snapshot.left_out:
            inbox.done(oms, shop_id, levels, read_from)
        return counts | written

    found = each_shop(work)
    if not any(any(counts.values()) for counts in found.values()):
        raise AirflowSkipException("no message waits")
    return found


@task(pool=SHOPIFY_POOL)
def manage_subscription(params: Params | None = None) -> dict[str, Any]:
    """Subscribe or unsubscribe an address, or list who is told; returns by shop who is, or was.

    Raises:
        AddressRefused: Shopify could not send to the address.
    """
    from dataclasses import asdict

    from include.shopify import webhooks

    assert params is not None
    action, address = params["action"], params["address"]
    if action == "subscribe" and not address:
        raise webhooks.AddressRefused("subscribe: expected an address, https://HOST/shopify/webhooks")

    def manage(_oms: "Connection", shop_id: str, client: "Client") -> dict[str, Any]:
        if params["shopId"] not in (None, shop_id):
            return {}
        if action == "subscribe":
            found = [webhooks.subscribe(client, address)]
        elif action == "unsubscribe":
            found = webhooks.unsubscribe(client, address)
        else:
            found = webhooks.subscriptions(client)
        logger.info("shop %s: %s: %s", shop_id, action, found)
        return {action: [asdict(each) for each in found]}

    return {shop_id: found for shop_id, found in each_shop(manage).items() if found}


def _put(oms: "Connection", params: Params, snapshot: "Snapshot") -> dict[str, Any]:
    """Write a file into the folder of its feed, unless it would be empty."""
    from include.intake import data_manager, remote
    from include.jobs import connections

    told: dict[str, Any] = {"rows": snapshot.rows, "left_out": snapshot.left_out}
    if snapshot.rows:
        path = f"{data_manager.config(oms, CONFIG_ID).import_path}/{snapshot.file_name}"
        with connections.sftp(params["propertyResource"]) as sftp:
            remote.write(sftp, path, snapshot.blocks)
        told["file"] = path
    return told
