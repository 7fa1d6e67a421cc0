"""Ways to push changed levels, each against the same emulated shop, which sells meanwhile and loses some answers.

Every level shows 10 and is to show 11. While a way is under way, customers buy single units, two answers to writes get
lost after the write was carried out, and one write is lost before. A number is wrong in the end if it is not 11 less
what was sold there. The other ways are those of published integrations: they know nothing of sales that they have not
imported, and send again what got no answer. Waiting for points takes no time, as the shop's clock is set forward; the
seconds are those of its clock.

Goals: ours leaves no number wrong, and pushes 10,000 levels in 40 writes where nothing happens meanwhile.
"""

import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.selling_shop import LOCATION, SHOWN, WANTED, SellingShop, item
from include.channel.delivery import delivery
from include.channel.order_import import orders
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.sandbox import postgres, shopify
from include.sandbox.postgres import Cluster
from include.shopify import bulk_mutation
from include.shopify.access import Access
from include.shopify.client import Client, Document, document
from include.shopify.errors import OutcomeUnknown
from include.shopify.inventory import MOST_ROWS
from include.stock import ledger
from include.stock.atp import online_atp
from tests.scenarios.store import Store
from tests.world import SHOP, World

ADJUST, SET, BULK = "inventoryAdjustQuantities", "inventorySetQuantities", "bulkOperationRunMutation"
SET_DOCUMENT = Document(
    "InventorySet",
    "mutation InventorySet($input: InventorySetQuantitiesInput!, $key: String!) {"
    " inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { field message code } } }",
    10.0,
)
LEVELS, WRITES = 10_000, 40
OPEN = b"SELECT FROM inventory_level WHERE delta <> 0 OR outbox_batch_id IS NOT NULL OR position IS NULL LIMIT 1"
"""Whether any level is open."""

MOST_ROUNDS = 10
"""Of settling and planning again, after which what is still open counts as wrong."""


@dataclass(frozen=True)
class Result:
    """What a way took, and how many numbers it left wrong."""

    calls: int
    writes: int
    points: float
    seconds: float
    wrong: int


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether both goals were met.

    Args:
        folder: Where databases and emulator may keep their state.
        rows: One in 500 is a level; where nothing else happens, there are always 10,000.
        runs: Not used: nothing in it is left to chance.
    """
    levels = max(1, rows // 500 // 500) * 500
    least = -(-levels // MOST_ROWS)
    with (
        postgres.running(folder / "postgres", durable=False) as cluster,
        shopify.running(folder / "shop", bulk_start_seconds=0, bulk_lines_per_second=1e6) as emulator,
    ):
        found = {
            name: _peer(SellingShop(emulator, levels, write, writes), push)
            for name, write, writes, push in (
                ("one row a call, absolute", SET, levels, lambda to: _calls(to, SET, levels, 1)),
                ("100 rows a call, differences", ADJUST, levels // 100, lambda to: _calls(to, ADJUST, levels, 100)),
                ("250 rows a call, no compare", SET, least, lambda to: _calls(to, SET, levels, MOST_ROWS)),
                ("bulk file only", BULK, 1, lambda to: _file(to, levels)),
            )
        }
        found["ours"] = _ours(cluster, "busy", SellingShop(emulator, levels, ADJUST, least))
        calm = found[f"ours, {LEVELS:,}, all calm"] = _ours(cluster, "calm", SellingShop(emulator, LEVELS, ADJUST, 0))
    print(f"strategies: {levels:,} levels of one shop on the Standard plan")
    print(f"  {'':30} {'calls':>7} {'writes':>7} {'points':>9} {'seconds':>8} {'wrong':>6}")
    for name, each in found.items():
        print(f"  {name:30} {each.calls:7,} {each.writes:7,} {each.points:9,.0f} {each.seconds:8,.0f} {each.wrong:6,}")
    print(f"  goal: ours 0 wrong; {WRITES} writes for {LEVELS:,} levels where nothing else happens", flush=True)
    return found["ours"].wrong == calm.wrong == 0 and calm.writes == WRITES


def _peer(shop: SellingShop, push: Callable[[Client], None]) -> Result:
    shop.open()
    return _measured(shop, push)


def _ours(cluster: Cluster, name: str, shop: SellingShop) -> Result:
    cluster.create_database(name)
    migrate(cluster.dsn(name))
    with connect(cluster.dsn(name)) as connection:
        set_up(connection, shop)
        return _measured(shop, lambda client: _push(connection, client))


def _measured(shop: SellingShop, push: Callable[[Client], None]) -> Result:
    before, began = shop.emulator.stats(), shop.now()
    with shop.client() as client:
        push(client)
    after, seconds = shop.emulator.stats(), shop.now() - began
    calls = {name: count - before["calls"].get(name, 0) for name, count in after["calls"].items()}
    writes = sum(calls.get(each, 0) for each in (ADJUST, SET, BULK))
    return Result(sum(calls.values()), writes, after["points"] - before["points"], seconds, shop.wrong())


def _calls(client: Client, write: str, levels: int, rows: int) -> None:
    """Send all levels, so many a call; what got no answer is sent again under a new key."""
    sent = SET_DOCUMENT if write == SET else document("InventoryAdjust")
    for first in range(0, levels, rows):
        while True:
            try:
                client.execute(sent, _input(write, first, rows))
            except OutcomeUnknown:
                continue
            break


def _file(client: Client, levels: int) -> None:
    """Send all levels as lines of a file; what got no answer is sent again, the start of the file as well."""
    left, name = list(range(0, levels, MOST_ROWS)), f"Peer{uuid.uuid4().hex[:8]}"
    while left:
        lines = "".join(f"{_input(ADJUST, first, MOST_ROWS)}\n" for first in left)
        path = bulk_mutation.upload(client, "levels.jsonl", io.BytesIO(lines.encode()))
        try:
            operation = bulk_mutation.start(client, name, path)
        except OutcomeUnknown:
            continue
        while (ended := bulk_mutation.ended(client, operation)) is None:
            client.limiter.pause(1.0)
        results = bulk_mutation.results(client, ended.url) if ended.url else ()
        left = [left[each.line_number] for each in results if each is not None and each.data is None]


def _input(write: str, first: int, rows: int) -> str:
    items = [{"inventoryItemId": item(number), "locationId": LOCATION} for number in range(first, first + rows)]
    wanted: dict[str, Any] = {"name": "available", "reason": "correction", "referenceDocumentUri": "gid://peer/Run/1"}
    if write == SET:
        wanted["quantities"] = [each | {"quantity": WANTED, "changeFromQuantity": None} for each in items]
    else:
        wanted["changes"] = [each | {"delta": WANTED - SHOWN, "changeFromQuantity": None} for each in items]
    return json.dumps({"input": wanted, "key": uuid.uuid4().hex})


def set_up(connection: Connection, shop: SellingShop) -> None:
    """Stock of `SHOWN` each, in Shopify and here; then one more unit of each arrives here."""
    with Client(Access(shop.emulator.url, shop.emulator.token)) as client:  # it sells nothing: the shop is empty
        Store(connection, World(connection), shop.emulator, client).open({})
    shop.open()
    numbers = {"shop": SHOP, "last": shop.levels - 1, "first_item": item(0)[: -len("100000")]}
    with connection.transaction():
        connection.execute(
            b"INSERT INTO product (product_id, internal_name)"
            b" SELECT number::text, number::text FROM generate_series(0, %(last)s) AS number",
            numbers,
        )
        connection.execute(
            b"INSERT INTO shopify_shop_product SELECT %(shop)s, number::text, %(first_item)s || (100000 + number)"
            b" FROM generate_series(0, %(last)s) AS number",
            numbers,
        )
    _receive(connection, shop, SHOWN)
    connection.execute(b"UPDATE inventory_level SET position = target")
    connection.execute(b"ANALYZE")  # as autovacuum would have by the time that the next units arrive
    _receive(connection, shop, WANTED - SHOWN)


def _receive(connection: Connection, shop: SellingShop, units: int) -> None:
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(
            b"INSERT INTO movement SELECT number::text, 'BROADWAY', %(units)s, %(units)s, 'VAR_MANUAL', NULL, NULL"
            b" FROM generate_series(0, %(last)s) AS number",
            {"units": units, "last": shop.levels - 1},
        )
        ledger.post(connection, datetime.now(UTC))
    online_atp.refresh(connection)


def _push(connection: Connection, client: Client) -> None:
    """What the DAGs do, in turn, until nothing is open."""
    for _ in range(MOST_ROUNDS):
        planner.plan(connection, SHOP)
        delivery.deliver(connection, SHOP, client)
        observation.wait_until_ripe(connection, SHOP)
        observation.settle(connection, SHOP, client)
        orders.import_orders(connection, SHOP, client)
        online_atp.refresh(connection)
        if connection.execute(OPEN).fetchone() is None:
            return
