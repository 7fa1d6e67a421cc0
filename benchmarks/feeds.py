"""Every other feed against its floor: a file of a hundred thousand rows and one of a million.

As with the reset (see reset_file.py): raw `COPY` of the same file and the one statement that writes what the feed
writes, in turn with the feed, on fresh copies of one database with stock at every facility. Fulfilments, restocks and
kits come a hundred thousand rows at a time at most: a file is a day's orders, a campaign, or a catalogue. What was
measured stands in docs/benchmarks.md.

Goals: at most 1.5 times the floor, at most 300 MB above idle.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from benchmarks import reset_file
from benchmarks.measure import FACILITIES, FIRST_PRODUCT, Case, compare, feed, run_script, say, set_up, write_lines
from include.db.connection import connect
from include.sandbox import postgres, sftp
from include.sandbox.postgres import Cluster
from include.sandbox.sftp import SftpServer

BAD_EVERY = 1000
ITEMS_A_SHIPMENT = 20


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        config_id: The feed.
        header: The file's first line.
        line: The line of a row, told by its number and the number of products; a row in a thousand is to be bad.
        floor: See `Case`.
        raw: See `Case`.
        floor_line: The rows of a line as the floor takes them, where the file is no CSV.
        footer: The file's last line, where it has one.
        rows_a_line: Rows that one line holds.
        large: Whether a file of all rows makes sense, besides one with a tenth of them.
        needs_shipments: Whether the file is about shipments that have been imported.
    """

    config_id: str
    header: str
    line: Callable[[int, int], str]
    floor: str
    raw: tuple[str, ...]
    floor_line: Callable[[int, int], str] | None = None
    footer: str = ""
    rows_a_line: int = 1
    large: bool = True
    needs_shipments: bool = False


def product_number(row: int, products: int) -> int:
    """The product of a row: all of them in turn, and none that there is in a bad row."""
    return 999_999_999 if row % BAD_EVERY == BAD_EVERY - 1 else FIRST_PRODUCT + row % products


def facility_number(row: int, products: int) -> int:
    """The facility of a row, such that no product and facility come twice in a file."""
    return row // products % FACILITIES + 1


def delta(row: int, products: int) -> str:
    """One line of an adjustment or an item receipt."""
    units, place = row % 9 + 1, facility_number(row, products)
    return f"{place},{product_number(row, products)},NETSUITE_PRODUCT_ID,{units},Adjustment #{row // 10}\n"


def transfer(row: int, products: int) -> str:
    """One leg of a transfer: what leaves one facility arrives at the next."""
    number, leg = divmod(row, 2)
    product = 999_999_999 if number % BAD_EVERY == BAD_EVERY - 1 else FIRST_PRODUCT + number % products
    place = (number // products * 2 + leg) % FACILITIES + 1
    return f"{place},{product},NETSUITE_PRODUCT_ID,{-3 if leg == 0 else 3},Transfer #TO{number}\n"


def inbound(row: int, products: int) -> str:
    """One item of a shipment."""
    shipment, item = divmod(row, ITEMS_A_SHIPMENT)
    place = shipment % FACILITIES + 1
    return (
        f"{10_000_000 + shipment},SKU-{product_number(row, products)},{row % 9 + 1},{place % FACILITIES + 1},{place},"
        f"{item + 1},1Z{shipment:010d},EXTERNAL_ORDER_ID:TO{shipment},IN_TRANSFER\n"
    )


def receipt(row: int, products: int) -> str:
    """The receipt of one item of a shipment; that of a bad item is bad."""
    shipment, item = divmod(row, ITEMS_A_SHIPMENT)
    units, sku = row % 9 + 1, f"SKU-{product_number(row, products)}"
    return f"{10_000_000 + shipment},{sku},{item + 1},{units},0,,{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"


def restock(row: int, products: int) -> str:
    """One item of a restock of a hundred."""
    number = row // 100
    place = number % FACILITIES + 1
    return f"SKU-{product_number(row, products)},{row % 9 + 1},2099-01-01T09:00Z,STORE_{place},,demo,Restock {number}\n"


def fulfilled_items(order: int, products: int) -> list[dict[str, str]]:
    """The two items of an order; the second item of a bad one has left from nowhere."""
    now = datetime.now(UTC)
    return [
        {
            "orderItemSeqId": f"{seq:05d}",
            "externalFacilityId": "999" if seq == 2 and order % (BAD_EVERY // 2) == BAD_EVERY // 2 - 1
            else str((order * 2 + seq) // products % FACILITIES + 1),
            "quantity": "1",
            "shippedDate": f"{now:%m/%d/%Y %I:%M %p}",
            "trackingNumber": f"1Z{order:010d}",
        }
        for seq in (1, 2)
    ]  # fmt: skip


def fulfilment(order: int, products: int) -> str:
    """One order with its items."""
    return json.dumps({"orderMap": {"orderId": str(1000 + order), "items": fulfilled_items(order, products)}}) + ",\n"


def fulfilled_rows(order: int, products: int) -> str:
    """The same as rows of CSV."""
    return "".join(f"{1000 + order},{','.join(item.values())}\n" for item in fulfilled_items(order, products))


def product_facility(row: int, products: int) -> str:
    """The rule of one product at one facility."""
    place = facility_number(row, products)
    return f"SKU-{product_number(row, products)},STORE_{place},{row % 5},{'N' if row % 20 == 0 else 'Y'}\n"


def kit_component(row: int, products: int) -> str:
    """One component of a kit: the first half of the products are kits, the second half is what they hold."""
    half = products // 2
    kit = 999_999_999 if row % BAD_EVERY == BAD_EVERY - 1 else FIRST_PRODUCT + row % half
    component = FIRST_PRODUCT + half + (row * 7 + row // half) % half
    return f"SKU-{kit},SKU-{component},{row % 3 + 1}\n"


DELTA = "externalFacilityId,idValue,idType,availableDelta,comments\n"
DELTA_RAW = ("external_facility_id", "id_value", "id_type", "available_delta", "comments")
KINDS = {
    "adjustment": Kind("IMP_INV_ADJUST", DELTA, delta, "floor_delta.sql", DELTA_RAW),
    "transfer": Kind("IMP_INV_TRANS", DELTA, transfer, "floor_delta.sql", DELTA_RAW),
    "item_receipt": Kind("IMP_ITM_RECEIPT", DELTA, delta, "floor_delta.sql", DELTA_RAW),
    "inbound_shipment": Kind(
        "IMP_TO_SHPMNT",
        "external-shipment-id,product-sku,quantity,origin-facility-id,destination-facility-id,item-external-id,"
        "tracking-number,shipment-attribute,shipment-type\n",
        inbound,
        "floor_inbound_shipment.sql",
        (
            *("external_shipment_id", "product_sku", "quantity", "origin_facility_id", "destination_facility_id"),
            *("item_external_id", "tracking_number", "shipment_attribute", "shipment_type"),
        ),
    ),
    "shipment_receipt": Kind(
        "RECEIVE_SHIP_ITEMS",
        "external-shipment-id,product-sku,item-external-id,quantity-accepted,quantity-rejected,rejection-reason,"
        "received-date\n",
        receipt,
        "floor_shipment_receipt.sql",
        (
            *("external_shipment_id", "product_sku", "item_external_id", "quantity_accepted", "quantity_rejected"),
            *("rejection_reason", "received_date"),
        ),
        needs_shipments=True,
    ),
    "scheduled_restock": Kind(
        "IMP_SCHEDULED_RSTK",
        "Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name\n",
        restock,
        "floor_scheduled_restock.sql",
        ("sku", "quantity", "schedule_time", "facility", "product_store", "shop", "restock_name"),
        large=False,
    ),
    "product_facility": Kind(
        "IMP_PROD_FACILITY",
        "product-sku,facility-id,facility-safety-stock,allow-brokering\n",
        product_facility,
        "floor_product_facility.sql",
        ("product_sku", "facility_id", "safety_stock", "allow_brokering"),
    ),
    "kit_components": Kind(
        "IMP_KIT_COMPONENT",
        "kit-sku,component-sku,quantity\n",
        kit_component,
        "floor_kit_components.sql",
        ("kit_sku", "component_sku", "quantity"),
        large=False,
    ),
    "fulfilment": Kind(
        "IMP_ODR_ITM_FLFLMNT",
        "[\n",
        fulfilment,
        "floor_fulfilment.sql",
        ("order_id", "order_item_seq_id", "external_facility_id", "quantity", "shipped_date", "tracking_number"),
        floor_line=fulfilled_rows,
        footer='{"orderMap": {"orderId": "none", "items": []}}\n]\n',
        rows_a_line=2,
        large=False,
    ),
}


def measure(folder: Path, rows: int, runs: int, names: tuple[str, ...] = tuple(KINDS)) -> bool:
    """Measure and print; returns whether the goals were met.

    Args:
        folder: Where databases and files may lie.
        rows: Rows of the larger file of each feed; the smaller one has a tenth.
        runs: Pairs of runs; the median counts.
        names: Which of `KINDS`.
    """
    with (
        postgres.running(folder / "feeds-postgres", durable=True) as cluster,
        sftp.running(folder / "feeds-sftp", folder / "feeds-keys") as server,
    ):
        say(f"setting up {rows // FACILITIES:,} products at {FACILITIES} facilities")
        prepare(cluster, server, folder, rows)
        kept = True
        for name in names:
            for size in (rows // 10, rows) if KINDS[name].large else (rows // 10,):
                template = "stocked"
                if KINDS[name].needs_shipments:
                    template = "shipped"
                    cluster.drop_database(template)
                    cluster.create_database(template, template="stocked")
                    feed(cluster.dsn(template), server, case("inbound_shipment", folder, size, rows))
                kept &= compare(case(name, folder, size, rows), cluster, server, template, runs)
    return kept


def prepare(cluster: Cluster, server: SftpServer, folder: Path, rows: int) -> None:
    """Make the database `stocked`: a snapshot of yesterday's stock at every facility, and orders that wait."""
    cluster.create_database("stocked")
    set_up(cluster.dsn("stocked"), rows // FACILITIES)
    snapshot = reset_file.case("stock", folder / "stock.csv", rows)
    feed(cluster.dsn("stocked"), server, snapshot, hours_old=24)
    with connect(cluster.dsn("stocked")) as connection:
        run_script(connection, "orders.sql", {"rows": rows // 10, "products": rows // FACILITIES})


def case(name: str, folder: Path, size: int, rows: int) -> Case:
    """Write a file of some size, for the products of a database made for so many rows."""
    kind, products = KINDS[name], rows // FACILITIES
    numbers = range(size // kind.rows_a_line)
    path = folder / f"{name}-{size}{'.json' if kind.footer else '.csv'}"
    lines = (kind.line(number, products) for number in numbers)
    write_lines(path, kind.header, chain(lines, [kind.footer]))
    taken_apart = None
    if kind.floor_line is not None:
        taken_apart = folder / f"{name}-{size}-floor.csv"
        rows_of_floor = (kind.floor_line(number, products) for number in numbers)
        write_lines(taken_apart, ",".join(kind.raw) + "\n", rows_of_floor)
    return Case(name, kind.config_id, path, size, size // BAD_EVERY, kind.floor, kind.raw, taken_apart)
