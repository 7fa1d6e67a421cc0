"""Trueup's jobs, task by task as `include/jobs` runs them, in a process that may die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from include.channel.delivery import bulk_delivery, delivery
from include.channel.from_shopify import inbox
from include.channel.order_import import orders
from include.channel.planning import planner, scope
from include.channel.planning.scope import Scope
from include.channel.reconciliation import comparison, observation
from include.db import clock
from include.db.connection import Connection, exclusive
from include.intake import data_manager, pickup, process, variance_feed
from include.intake.pickup import Settling
from include.shopify import bulk_mutation, bulk_query
from include.shopify.client import Client
from include.stock import variances
from include.stock.atp import online_atp
from include.stock.inbound import restocks
from include.stock.variances import Finding
from tests.simulation.drops import VARIANCES
from tests.simulation.mishaps import SimulatedConnection, SimulatedSftp

AT_ONCE = Settling(pause=0.0)


@dataclass
class Worker:
    """What a job's tasks have in their hands.

    Attributes:
        shop_id: The shop, where it matters.
        oms: The database.
        client: Shopify.
        sftp: The file server.
        plain: Another client of Shopify, in which nobody dies: an export is asked after by the machine's time.
        sleep: Lets time pass.
        feeds: Those in whose folders files lie.
        findings: What somebody has found, by the run that is to record it.
        upload_goes_on: Lets the ERP write on between two looks at its folder.
        has_lock: False for a sender that does not know of another one.
    """

    shop_id: str
    oms: SimulatedConnection
    client: Client
    sftp: SimulatedSftp
    plain: Client
    sleep: Callable[[float], None]
    feeds: set[str]
    findings: dict[str, Finding]
    upload_goes_on: Callable[[], None]
    has_lock: bool = True

    @contextmanager
    def shop(self) -> Iterator[Connection]:
        """The shop's lock, as `include.jobs.shops.visit_alone` takes it."""
        with exclusive(self.oms, f"shop {self.shop_id}") if self.has_lock else nullcontext():
            yield self.oms


def files(worker: Worker) -> None:
    for feed in sorted(worker.feeds):
        config = data_manager.config(worker.oms, feed)
        pickup.take_whole_files(worker.oms, worker.sftp, config, AT_ONCE, lambda _: worker.upload_goes_on())
        worker.feeds.discard(feed)
    _, troubles = process.process_all(worker.oms, lambda _: nullcontext(worker.sftp))
    if troubles:
        raise troubles[0]


def push(worker: Worker) -> None:
    online_atp.refresh(worker.oms)
    planner.plan(worker.oms, worker.shop_id)


def upload(worker: Worker) -> None:
    """Settle, then deliver, whether settling has come to its end or not."""
    try:
        with worker.shop() as oms:
            observation.settle(oms, worker.shop_id, worker.client, worker.sleep)
    finally:
        deliver(worker)


def deliver(worker: Worker) -> None:
    """Send what is planned, whichever way it goes."""
    with worker.shop() as oms:
        delivery.deliver(oms, worker.shop_id, worker.client)
    if bulk_delivery.is_needed(worker.oms, worker.shop_id):
        deliver_files(worker)


def deliver_files(worker: Worker) -> None:
    with worker.shop() as oms:
        bulk_delivery.start_files(oms, worker.shop_id, worker.client)
    operations = bulk_delivery.running(worker.oms, worker.shop_id)
    worker.sleep(2)
    for operation in operations:
        while bulk_mutation.ended(worker.plain, operation) is None:
            pass
    with worker.shop() as oms:
        bulk_delivery.collect(oms, worker.shop_id, worker.client)


def record_findings(worker: Worker) -> None:
    """What somebody has found is recorded by a run of its own each, until the run has succeeded or was refused."""
    for key, finding in list(worker.findings.items()):
        try:
            variances.record(worker.oms, key, finding, clock.now(worker.oms))
        except variances.VarianceRefused:
            del worker.findings[key]
            raise
        del worker.findings[key]


def tell_erp(worker: Worker) -> None:
    feed = variance_feed.feed(worker.oms, VARIANCES)
    variance_feed.freeze(worker.oms, feed)
    with exclusive(worker.oms, f"variance feed {feed.variance_feed_id}"):
        variance_feed.upload(worker.oms, worker.sftp, feed)


def import_orders(worker: Worker) -> None:
    with worker.shop() as oms:
        orders.import_orders(oms, worker.shop_id, worker.client)


def recent_changes(worker: Worker) -> None:
    locations = scope.locations(worker.oms, worker.shop_id, Scope())
    online_atp.refresh(worker.oms)
    with worker.shop() as oms:
        observed = observation.begin(oms, worker.shop_id, "RECENT_CHANGES")
        comparison.observe_marked(oms, worker.shop_id, worker.client, locations, observed, worker.sleep)
    planner.plan(worker.oms, worker.shop_id, locations)
    deliver(worker)


def hard_sync(worker: Worker) -> None:
    locations = scope.locations(worker.oms, worker.shop_id, Scope())
    online_atp.refresh(worker.oms)
    operation = bulk_query.start(worker.client, "AllLevels")
    worker.sleep(2)
    while not (found := bulk_query.progress(worker.plain, operation)).is_done:
        pass
    with worker.shop() as oms:
        observed = observation.begin(oms, worker.shop_id, "HARD_SYNC")
        orders.import_orders(oms, worker.shop_id, worker.client)
        exported = bulk_query.levels(worker.client, found.url)
        comparison.compare_export(oms, worker.shop_id, locations, exported, observed)
        comparison.observe_marked(oms, worker.shop_id, worker.client, locations, observed, worker.sleep)
    planner.plan(worker.oms, worker.shop_id, locations)
    deliver(worker)


def webhooks(worker: Worker) -> None:
    with worker.shop() as oms:
        inbox.work_off(oms, worker.shop_id)


def receive_restocks(worker: Worker) -> None:
    for restock in restocks.due(worker.oms, clock.now(worker.oms)):
        restocks.receive(worker.oms, restock.shipment_id, clock.now(worker.oms))


JOBS: dict[str, Callable[[Worker], None]] = {
    "files": files,
    "push": push,
    "upload": upload,
    "deliver": deliver,
    "orders": import_orders,
    "recent_changes": recent_changes,
    "hard_sync": hard_sync,
    "restocks": receive_restocks,
    "findings": record_findings,
    "webhooks": webhooks,
    "tell_erp": tell_erp,
}
