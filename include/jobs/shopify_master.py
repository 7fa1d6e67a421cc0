"""The tasks of what comes from Shopify: levels of locations where it is master, webhooks, and who is told of what."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.defaults import SHOPIFY_POOL
from include.jobs.shops import LABEL, visit, visit_alone
from include.jobs.sync import LEVELS, FromTask, Params

if TYPE_CHECKING:
    from include.channel.from_shopify.shopify_master import Snapshot
    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

CONFIG_ID = "SHOPIFY_INV_RESET"
"""The data manager configuration of the files."""


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def request_master_levels(shop_id: str) -> dict[str, Any]:
    """Have Shopify write down the levels of a shop with a location where it is master.

    Returns:
        The bulk operation, and the moment of which the file will speak.

    Raises:
        AirflowSkipException: Trueup is master everywhere.
        NotOneToOne: A location where Shopify is master is not one store or warehouse.
    """
    from include.channel.from_shopify import shopify_master
    from include.shopify import bulk_query

    def start(oms: "Connection", client: "Client") -> dict[str, Any]:
        if not shopify_master.facilities(oms, shop_id):
            raise AirflowSkipException("no inventory channel of the shop has inventory_master SHOPIFY")
        moment = shopify_master.before(oms, shop_id, client)
        operation = bulk_query.start(client, LEVELS)
        return {"operations": [operation], "at": moment.at.isoformat(), "last_movement": moment.last_movement}

    started: dict[str, Any] = visit(shop_id, start)
    return started


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def write_reset_file(
    shop_id: str, started: FromTask, operations: FromTask, params: Params | None = None
) -> dict[str, Any]:
    """Write what a shop shows where it is master as a reset file for the data manager; returns its counts."""
    from datetime import datetime

    from include.channel.from_shopify import shopify_master
    from include.channel.from_shopify.shopify_master import Moment
    from include.shopify import bulk_query

    assert params is not None

    def write(oms: "Connection", client: "Client") -> dict[str, Any]:
        mapped = shopify_master.facilities(oms, shop_id)
        exported = bulk_query.levels(client, bulk_query.progress(client, operations[0]).url)
        moment = Moment(datetime.fromisoformat(started["at"]), started["last_movement"])
        return _put(oms, params, shopify_master.snapshot(oms, shop_id, client, moment, mapped, exported))

    written: dict[str, Any] = visit(shop_id, write)
    return written


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def work_off_webhooks(shop_id: str, params: Params | None = None) -> dict[str, Any]:
    """Mark what a shop's waiting messages speak of, and read anew the levels where it is master; returns counts.

    Raises:
        AirflowSkipException: No message waits, or another run works them off.
    """
    from include.channel.from_shopify import inbox, shopify_master
    from include.channel.reconciliation import observation

    assert params is not None

    def work(oms: "Connection", client: "Client") -> dict[str, Any]:
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
        return counts | written | shopify_master.finish_prompted(oms, shop_id, levels, read_from)

    found: dict[str, Any] = visit_alone(shop_id, "inbox of", work)
    if not any(found.values()):
        raise AirflowSkipException("no message waits")
    return found


@task(pool=SHOPIFY_POOL, map_index_template=LABEL)
def manage_subscription(shop_id: str, params: Params | None = None) -> dict[str, Any]:
    """Subscribe or unsubscribe an address, or list who is told of a shop's levels; returns who is, or was.

    Raises:
        AddressRefused: Shopify could not send to the address.
        AirflowSkipException: It is about another shop.
    """
    from dataclasses import asdict

    from include.shopify import webhooks

    assert params is not None
    action, address = params["action"], params["address"]
    if params["shopId"] not in (None, shop_id):
        raise AirflowSkipException(f"it is about shop {params['shopId']}")
    if action == "subscribe" and not address:
        raise webhooks.AddressRefused("subscribe: expected an address, https://HOST/shopify/webhooks")

    def manage(_oms: "Connection", client: "Client") -> dict[str, Any]:
        if action == "subscribe":
            found = [webhooks.subscribe(client, address)]
        elif action == "unsubscribe":
            found = webhooks.unsubscribe(client, address)
        else:
            found = webhooks.subscriptions(client)
        logger.info("shop %s: %s: %s", shop_id, action, found)
        return {action: [asdict(each) for each in found]}

    managed: dict[str, Any] = visit(shop_id, manage)
    return managed


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
