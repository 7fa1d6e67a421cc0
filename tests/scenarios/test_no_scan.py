"""On the incremental path no statement reads through the ledger, the stock or the levels.

Postgres itself tells the plan of every statement that the path runs, those inside functions and triggers included, on a
catalogue that is large enough for a scan to be the worse plan, and small enough to be made in seconds.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.errors import Diagnostic

from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.db import clock
from include.db.connection import Connection
from include.intake import variance_feed
from include.stock import variances
from include.stock.atp import kits, online_atp
from include.stock.atp_rules import evaluation, rules_file
from include.stock.explanation import explain
from include.stock.inbound import restock_form, restocks, shipments
from include.stock.inbound.restock_form import Entry
from include.stock.variances import Finding
from tests.scenarios.store import Store
from tests.stock import files
from tests.world import ONLINE, SHOP

LARGE = ("inventory_item_detail", "inventory_item", "inventory_level", "shopify_shop_product")
PRODUCTS = 20_000
A_FEW = 2_000
"""Rows of a large table that a step about a handful of products may read: more than it needs, far fewer than all."""

CATALOGUE = (
    b"INSERT INTO product (product_id, internal_name) SELECT 'P' || n, n FROM generate_series(1, %(products)s) AS n",
    b"INSERT INTO good_identification SELECT 'SKU', 'SKU-' || product_id, product_id FROM product"
    b" WHERE product_id LIKE 'P%%' ON CONFLICT DO NOTHING",
    b"INSERT INTO good_identification SELECT 'NETSUITE_PRODUCT_ID', product_id, product_id FROM product"
    b" WHERE product_id LIKE 'P%%' ON CONFLICT DO NOTHING",
    b"INSERT INTO shopify_shop_product SELECT %(shop)s, product_id, 'gid://shopify/InventoryItem/' || product_id"
    b" FROM product WHERE product_id LIKE 'P%%'",
    b"INSERT INTO inventory_item SELECT product_id, facility_id, 5, 5 FROM product, facility"
    b" WHERE facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE') AND product_id LIKE 'P%%'",
    b"INSERT INTO inventory_item_detail (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
    b" reason_enum_id, effective_at, recorded_at) SELECT product_id, facility_id, 5, 5, 'VAR_EXT_RESET', at, at"
    b" FROM inventory_item, (SELECT now() - interval '30 days' AS at) AS past WHERE product_id LIKE 'P%%'",
    b"INSERT INTO product_assoc (product_id, product_id_to, quantity)"
    b" SELECT 'P' || n, 'P' || n + 100 + each, each FROM generate_series(1, 100) AS n, generate_series(1, 3) AS each",
    b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK'"
    b" WHERE product_id IN (SELECT assoc.product_id FROM product_assoc AS assoc)",
)


class Plans:
    """The plans of what runs on a connection, and what is wrong with them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.seen: set[str] = set()
        self.wrong: list[str] = []
        connection.execute(b"LOAD 'auto_explain'")
        for setting in ("log_analyze = on", "log_timing = off", "log_nested_statements = on", "log_format = json",
                        "log_level = notice"):  # fmt: skip
            connection.execute(f"SET auto_explain.{setting}".encode())
        connection.add_notice_handler(self._hear)

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Look at the plans of one step."""
        self.step = step
        self.connection.execute(b"SET auto_explain.log_min_duration = 0")
        yield
        self.connection.execute(b"SET auto_explain.log_min_duration = -1")

    def _hear(self, notice: Diagnostic) -> None:
        text = notice.message_primary or ""
        if "plan:" not in text:
            return
        plan = json.loads(text[text.index("{") :])
        self._look(plan["Plan"], plan["Query Text"])

    def _look(self, node: dict[str, Any], query: str) -> None:
        table = node.get("Relation Name")
        if table in LARGE:
            self.seen.add(f"{self.step}: {table}")
            read = node.get("Actual Rows", 0) * node.get("Actual Loops", 1) + node.get("Rows Removed by Filter", 0)
            if node["Node Type"] == "Seq Scan" or read > A_FEW:
                self.wrong.append(f"{self.step}: {node['Node Type']} of {table}, {read:,.0f} rows, in {query[:300]}")
        for child in node.get("Plans", []):
            self._look(child, query)


@pytest.fixture
def plans(store: Store) -> Plans:
    """A store among twenty thousand products, and one more place with stock."""
    store.open({"A": 10, "B": 10, "C": 10})
    connection, world = store.connection, store.world
    world.facility("MAIN_WH", "WAREHOUSE", external_id="44")
    connection.execute(
        b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES ('ONLINE', 'MAIN_WH')"
    )
    connection.execute(b"UPDATE variance_feed SET adjustment_account = '1', subsidiary = '1'")
    for statement in CATALOGUE:
        connection.execute(statement, {"products": PRODUCTS, "shop": SHOP})
    online_atp.recompute_all(connection)
    connection.execute(b"UPDATE inventory_level SET position = target WHERE position IS NULL")
    connection.execute(b"UPDATE inventory_level SET to_observe = FALSE")
    connection.execute(b"VACUUM ANALYZE")
    return Plans(connection)


def test_no_step_reads_through_ledger_stock_or_levels(store: Store, plans: Plans) -> None:
    connection = store.connection
    now = clock.now(connection)
    for step, work in steps(store, connection, now).items():
        with plans.of(step):
            work()
        with plans.of(f"targets after {step}"):
            changed = online_atp.refresh(connection)
        assert changed > 0 or step not in MOVING, step
    with plans.of("plan"):
        assert planner.plan(connection, SHOP)
    with plans.of("deliver"):
        store.deliver()
    with plans.of("look"):
        observation.settle(connection, SHOP, store.client)
    assert not plans.wrong, "\n".join(plans.wrong)
    looked_at = {each.split(": ")[0] for each in plans.seen}
    missing = {
        "order",
        "fulfilment",
        *MOVING,
        *(f"targets after {step}" for step in MOVING),
        "plan",
        "deliver",
    } - looked_at
    assert not missing, "the plans of these were not heard"


MOVING = {
    "reset file", "delta file", "variance file", "count by hand", "variance by hand", "receipt", "restock",
}  # fmt: skip
"""The steps that change stock, and leave the targets to the next refresh."""


def steps(store: Store, connection: Connection, now: datetime) -> dict[str, Callable[[], object]]:
    """What may happen to a handful of products, in order."""
    early, late = now - timedelta(minutes=2), now - timedelta(minutes=1)
    placed: list[str] = []

    def rules() -> None:
        connection.execute(b"INSERT INTO product_tag VALUES ('A', 'fragile')")
        text = "rule_groups: [{id: S, type: safety_stock, rules: [{id: f, set: 1, when: {tags: {any: [fragile]}}}]}]"
        evaluation.apply(connection, rules_file.parse(text, "rules.yaml"), "rules.yaml")

    def receipt() -> None:
        content = "external-shipment-id,product-sku,quantity,destination-facility-id\nTO7,SKU-B,10,43\n"
        files.apply(connection, "IMP_TO_SHPMNT", content, early)
        (shipment_id,) = connection.execute(b"SELECT shipment_id FROM shipment").fetchone() or ("",)
        shipments.receive(connection, shipment_id, late, "run")

    def restock() -> None:
        entry = Entry("C", Decimal(7), "BROADWAY", None, now + timedelta(hours=1), "January")
        restocks.receive(connection, restock_form.schedule(connection, entry, now), now + timedelta(hours=1))

    def fulfil() -> None:
        order = placed[0].rpartition("/")[2]
        content = (
            f'[{{"orderMap": {{"orderId": "{order}", "items": [{{"orderItemSeqId": "00001",'
            f' "externalFacilityId": "44", "shippedDate": "{late:%m/%d/%Y %I:%M %p}", "quantity": "1"}}]}}}}]'
        )
        assert files.apply(connection, "IMP_ODR_ITM_FLFLMNT", content, late).changed == 1

    def order() -> None:
        placed.append(store.sell("A"))
        assert store.import_orders() == 1

    reset = "externalFacilityId,idValue,availableQty\n43,A,20\n44,B,8\n43,P7,9\n"
    delta = "externalFacilityId,idValue,availableDelta\n43,A,-3\n44,P300,4\n"
    variance = "externalFacilityId,idValue,availableDelta\n43,SKU-B,-1\n"
    hand = Finding("C", "BROADWAY", "VAR_DAMAGED", quantity=Decimal(-1))
    counted = Finding("C", "BROADWAY", "CYCLE_COUNT", counted=Decimal(6))
    kit = "productId,productIdTo,quantity\nA,B,1\n"
    value = "product-id,facility-id,facility-safety-stock\nB,BROADWAY,2\n"
    return {
        "reset file": lambda: files.apply(connection, "RESET_INVENTORY", reset, early),
        "delta file": lambda: files.apply(connection, "IMP_INV_ADJUST", delta, late),
        "late delta file": lambda: files.apply(connection, "IMP_INV_TRANS", delta, early - timedelta(hours=1)),
        "variance file": lambda: files.apply(connection, "MDM_INV_VARIANCE", variance, late),
        "variance by hand": lambda: variances.record(connection, "1", hand, now),
        "count by hand": lambda: variances.record(connection, "2", counted, now),
        "order": order,
        "fulfilment": fulfil,
        "receipt": receipt,
        "restock": restock,
        "rules": rules,
        "value file": lambda: files.apply(connection, "IMP_PROD_FACILITY", value, late),
        "kit file": lambda: files.apply(connection, "IMP_KIT_COMPONENT", kit, late),
        "kits": lambda: kits.set_up_inventory(connection),
        "variances told": lambda: variance_feed.freeze(connection, variance_feed.feed(connection, "INV_VARIANCE")),
        "explain": lambda: explain.explain(connection, SHOP, "SKU-A", ONLINE),
    }
