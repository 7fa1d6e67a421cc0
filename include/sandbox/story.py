"""The demo's story: a NetSuite reset file lands on SFTP, and Shopify's numbers move; every one of them is checked.

Meanwhile two units are sold online that nobody has imported yet. Shopify must end two below what Trueup promises, and
both must agree once the order is imported. What is expected is worked out here from the file, by plain arithmetic,
and not taken from the database.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import paramiko

from include.db.connection import Connection, connect
from include.sandbox import retailer
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify.control import Control
from include.sandbox.world import World

CHANGES = 12
UNITS_SOLD = 2
PATIENCE = 180.0
"""Seconds that any part of the story may take."""

Stock = Mapping[tuple[str, str], int]
"""Units by product id and facility id."""

Numbers = dict[tuple[str, str], int]
"""What Shopify shows, by inventory item id and location id."""


class StoryWentWrong(Exception):
    """The story did not go as it should."""


@dataclass(frozen=True, slots=True)
class _Teller:
    """The world, and what has been told of it so far."""

    world: World
    shop: Control
    told: set[tuple[str, str, str]]
    since: str

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Wait for something, telling what Airflow does meanwhile."""
        until = time.monotonic() + PATIENCE
        while not done():
            self.tell_tasks()
            if time.monotonic() > until:
                raise StoryWentWrong(f"{what}: not within {PATIENCE:.0f} s; see the task logs in Airflow")
            time.sleep(0.2)
        self.tell_tasks()

    def tell_tasks(self) -> None:
        """Print a line for each task that has ended since the last look."""
        found = self.world.airflow.get(
            "/dags/~/dagRuns/~/taskInstances", start_date_gte=self.since, limit=100, order_by="start_date"
        )
        for task in found["task_instances"]:
            key = (task["dag_id"], task["dag_run_id"], task["task_id"])
            if task["state"] in ("success", "failed", "upstream_failed") and key not in self.told:
                self.told.add(key)
                seconds = f"{task['duration']:.1f} s" if task["duration"] is not None else ""
                print(f"    {task['dag_id']:<32}{task['task_id']:<24}{task['state']:<10}{seconds:>8}", flush=True)


def story(world: World) -> bool:
    """Tell the story.

    Args:
        world: The running sandbox, with the demo retailer.

    Returns:
        Whether every number in Shopify is what it should be.
    """
    shop = Control(world.emulator.url)
    teller = _Teller(world, shop, set(), datetime.now(UTC).isoformat())
    try:
        with connect(world.dsn_oms) as oms:
            return _tell(teller, oms)
    except StoryWentWrong as trouble:
        print(f"\nThe story went wrong: {trouble}", flush=True)
        return False


def _tell(teller: _Teller, oms: Connection) -> bool:
    shop = teller.shop
    print("\nTrueup looks at Shopify for the first time ...", flush=True)
    teller.wait("first look at Shopify", lambda: _count(oms, b"position IS NULL") == 0)
    teller.wait("Shopify brought up to date", lambda: _is_quiet(oms))
    before = numbers(shop)
    stock, changed = changed_stock(oms)
    product, item = retailer.products()[0].product_id, retailer.products()[0].inventory_item_id
    queued = _queue(oms).get(product, 0)
    shop.place_order([{"inventoryItemId": item, "locationId": retailer.ONLINE_LOCATION, "quantity": UNITS_SOLD}])
    print(f"\n{UNITS_SOLD} units of {retailer.products()[0].sku} are sold online; Trueup has not heard of it.")
    name = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-InventoryItemExport.csv"
    upload(teller.world.sftp, name, reset_file(stock))
    print(f"NetSuite drops {name} on SFTP: {len(stock)} rows, {changed} of them changed.", flush=True)
    dropped = time.monotonic()
    teller.wait("the file processed", lambda: _is_processed(oms, name))
    teller.wait("Shopify brought up to date", lambda: _is_quiet(oms))
    print(f"Shopify shows the file's numbers {time.monotonic() - dropped:.1f} s after it was dropped.", flush=True)
    queue = _queue(oms)
    # None are left if the import that comes every quarter of an hour has come in between.
    unseen = UNITS_SOLD - (queue.get(product, 0) - queued)
    good = _compare(before, expected(stock, queue), numbers(shop), {(item, retailer.ONLINE_LOCATION): unseen})
    print("\nNow the order is imported ...", flush=True)
    teller.world.airflow.trigger("import_shopify_orders")
    teller.wait("the order imported", lambda: _queue(oms).get(product, 0) == queued + UNITS_SOLD)
    teller.wait("Shopify brought up to date", lambda: _is_quiet(oms))
    after = numbers(shop)
    wrong = {level for level, units in expected(stock, _queue(oms)).items() if after[level] != units}
    print(f"Trueup and Shopify agree on {len(after) - len(wrong)} of {len(after)} levels.", flush=True)
    return good and not wrong


def numbers(shop: Control) -> Numbers:
    """What Shopify shows now."""
    return {(level["inventoryItemId"], level["locationId"]): int(level["available"]) for level in shop.levels()}


def expected(stock: Stock, queue: Mapping[str, int]) -> Numbers:
    """What each location should show, by the documented formula, for given stock and open orders.

    Args:
        stock: Units available by product and facility.
        queue: Units of each product in the online order queue.
    """
    shown: Numbers = {}
    for product in retailer.products():
        safety = {"BROADWAY": product.safety_stock}
        free = {
            facility.facility_id: max(
                0, stock[product.product_id, facility.facility_id] - safety.get(facility.facility_id, 0)
            )
            for facility in retailer.FACILITIES
        }
        online = sum(free.values()) - product.threshold - queue.get(product.product_id, 0)
        shown[product.inventory_item_id, retailer.ONLINE_LOCATION] = max(0, online)
        for facility in retailer.FACILITIES:
            if facility.location_id:
                shown[product.inventory_item_id, facility.location_id] = free[facility.facility_id]
    return shown


def reset_file(stock: Stock) -> str:
    """A reset file as NetSuite writes it: one row per item and location, by internal ids."""
    products = {product.product_id: product for product in retailer.products()}
    locations = {facility.facility_id: facility.netsuite_id for facility in retailer.FACILITIES}
    rows = [
        f"{products[product_id].sku},{locations[facility_id]},{units},{products[product_id].netsuite_id}"
        for (product_id, facility_id), units in stock.items()
    ]
    return "\n".join(["Item,externalFacilityId,availableQty,idValue", *rows, ""])


def upload(server: SftpServer, name: str, content: str) -> None:
    """Drop a file into the reset feed's folder, as NetSuite does: straight to its final name."""
    with paramiko.SSHClient() as ssh:
        kind, key = server.host_key.split()[:2]
        ssh.get_host_keys().add(
            f"[{server.host}]:{server.port}", kind, paramiko.PKey.from_type_string(kind, _decode(key))
        )
        ssh.connect(
            server.host, server.port, server.user, key_filename=str(server.client_key), allow_agent=False,
            look_for_keys=False,
        )  # fmt: skip
        with ssh.open_sftp() as sftp, sftp.open(f"{retailer.DROP_FOLDER}/{name}", "wb") as file:
            file.write(content.encode())


def _decode(key: str) -> bytes:
    from base64 import b64decode

    return b64decode(key)


def changed_stock(oms: Connection) -> tuple[Stock, int]:
    """The stock as Trueup has it, but for a few products that NetSuite has counted differently; and how many they are.

    Products and facilities that somebody has added to the demo are left alone: its NetSuite does not know them.
    """
    stock = {
        (product.product_id, facility.facility_id): 0
        for product in retailer.products()
        for facility in retailer.FACILITIES
    }
    rows = oms.execute(
        b"SELECT product_id, facility_id, available_to_promise_total::integer FROM inventory_item"
        b" INNER JOIN facility USING (facility_id) WHERE facility_type_id <> 'VIRTUAL_FACILITY'"
    )
    stock.update({(product, facility): units for product, facility, units in rows if (product, facility) in stock})
    dice = random.Random()  # noqa: S311  # a demo's numbers, not a secret
    picked = dice.sample(sorted(stock), CHANGES)
    picked[0] = (retailer.products()[0].product_id, "RENO_WH")
    for level in picked:
        stock[level] = max(0, stock[level] + dice.choice([-6, -5, -3, -2, 2, 4, 7, 10]))
    return stock, CHANGES


def _compare(before: Numbers, promised: Numbers, after: Numbers, unseen: Mapping[tuple[str, str], int]) -> bool:
    """Print the changed levels, and tell whether all are right."""
    skus = {product.inventory_item_id: product.sku for product in retailer.products()}
    names = {facility.location_id: facility.name for facility in retailer.FACILITIES}
    print(f"\n    {'product':<20}{'location':<18}{'before':>8}{'in OMS':>8}{'in Shopify':>12}")
    wrong = 0
    for level, promise in promised.items():
        right = after[level] == promise - unseen.get(level, 0)
        wrong += not right
        if not right or after[level] != before[level]:
            remark = "" if right else "  WRONG"
            remark = remark or (f"  {unseen[level]} sold, not imported yet" if unseen.get(level) else "")
            item, location = level
            place = names.get(location, "Online store")
            print(f"    {skus[item]:<20}{place:<18}{before[level]:>8}{promise:>8}{after[level]:>12}{remark}")
    print(f"    ... and {len(promised)} levels checked, {wrong} of them wrong.", flush=True)
    return wrong == 0


def _queue(oms: Connection) -> dict[str, int]:
    """Units of each product in the online order queue."""
    rows = oms.execute(
        b"SELECT product_id, (-available_to_promise_total)::integer FROM inventory_item WHERE facility_id = %s",
        [retailer.ONLINE_QUEUE],
    )
    return {row[0]: row[1] for row in rows}


def _is_processed(oms: Connection, name: str) -> bool:
    row = oms.execute(b"SELECT status_id, message FROM data_manager_log WHERE file_name = %s", [name]).fetchone()
    if row and row[0] not in ("CLAIMED", "PENDING", "RUNNING", "FINISHED"):
        raise StoryWentWrong(f"{name} ended as {row[0]}: {row[1]}")
    return row is not None and row[0] == "FINISHED"


def _is_quiet(oms: Connection) -> bool:
    """Nothing to compute, to plan or to send."""
    row = oms.execute(b"SELECT NOT EXISTS (SELECT FROM dirty_product)").fetchone()
    return row == (True,) and _count(oms, b"delta IS DISTINCT FROM 0 OR outbox_batch_id IS NOT NULL") == 0


def _count(oms: Connection, condition: bytes) -> int:
    row = oms.execute(b"SELECT count(*) FROM inventory_level WHERE " + condition).fetchone()
    assert row is not None
    found: int = row[0]
    return found
