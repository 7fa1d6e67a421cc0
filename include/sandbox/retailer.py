"""A believable retailer for the demo: 200 outdoor products, four stores, a warehouse and an online store.

The same numbers every time. What Shopify shows at first is what Trueup would have it show, so that whatever moves
later moves because of what the visitor does.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from include.db.connection import Connection, connect
from include.stock import ledger
from include.stock.atp import online_atp

SHOP = "demo"
DROP_FOLDER = Path("netsuite/inventoryitem/csv")
ONLINE_LOCATION = "gid://shopify/Location/72845066310"
ONLINE_CONFIGURATION = "ONLINE_CONFIG"
ONLINE_QUEUE = "_NA_"


class Emulator(Protocol):
    """What seeding needs of the Shopify emulator."""

    def seed(
        self,
        locations: Sequence[Mapping[str, object]],
        items: Sequence[Mapping[str, object]],
        levels: Sequence[Mapping[str, object]],
    ) -> object:
        """Fill the emulator with locations, items and levels."""
        ...


@dataclass(frozen=True, slots=True)
class Facility:
    """A place with stock. `netsuite_id` is the internal id of its NetSuite location."""

    facility_id: str
    name: str
    kind: str
    netsuite_id: str
    location_id: str | None


@dataclass(frozen=True, slots=True)
class Product:
    """A product with what others call it, and its safety stock and threshold."""

    product_id: str
    sku: str
    netsuite_id: str
    inventory_item_id: str
    safety_stock: int
    threshold: int


FACILITIES = (
    Facility("RENO_WH", "Reno Warehouse", "WAREHOUSE", "12", None),
    Facility("BROADWAY", "Broadway", "RETAIL_STORE", "43", "gid://shopify/Location/72845099078"),
    Facility("PEARL_DISTRICT", "Pearl District", "RETAIL_STORE", "44", "gid://shopify/Location/72845131846"),
    Facility("UNION_SQUARE", "Union Square", "RETAIL_STORE", "47", "gid://shopify/Location/72845164614"),
    Facility("CAPITOL_HILL", "Capitol Hill", "RETAIL_STORE", "51", "gid://shopify/Location/72845197382"),
)

_STYLES = (
    ("MJ", ("Spruce", "Slate")),
    ("WJ", ("Fern", "Plum")),
    ("MP", ("Stone", "Black")),
    ("WP", ("Black", "Navy")),
)
_SIZES = ("XS", "S", "M", "L", "XL")


def products() -> list[Product]:
    """The 200 products of the range."""
    dice = random.Random(2026)  # noqa: S311  # a demo range, not a secret
    skus = [
        f"{code}{number:02d}-{colour}-{size}"
        for number in range(1, 6)
        for code, colours in _STYLES
        for colour in colours
        for size in _SIZES
    ]
    return [
        Product(
            product_id=str(10_500 + index),
            sku=sku,
            netsuite_id=str(5_210 + 3 * index),
            inventory_item_id=f"gid://shopify/InventoryItem/{46_730_119_250_000 + 32_768 * index}",
            safety_stock=dice.choice([0, 0, 1, 2]),
            threshold=dice.choice([0, 0, 0, 3]),
        )
        for index, sku in enumerate(skus)
    ]


def opening_stock() -> dict[tuple[str, str], int]:
    """Units by product and facility on the first day."""
    dice = random.Random(512)  # noqa: S311  # a demo range, not a secret
    return {
        (product.product_id, facility.facility_id): dice.randint(20, 120)
        if facility.kind == "WAREHOUSE"
        else dice.choice([0, 1, 2, 3, 5, 8, 12])
        for product in products()
        for facility in FACILITIES
    }


def seed(dsn: str, emulator: Emulator, sftp_root: Path) -> None:
    """Set the retailer up in Trueup's database, in the emulator and on the SFTP server, unless that was done before.

    Args:
        dsn: Trueup's database, migrated.
        emulator: The Shopify emulator.
        sftp_root: The local folder that the SFTP server's clients see as `/`.
    """
    with connect(dsn) as connection:
        for (folder,) in connection.execute(b"SELECT import_path FROM data_manager_config").fetchall():
            (sftp_root / folder).mkdir(parents=True, exist_ok=True)
        if connection.execute(b"SELECT 1 FROM shopify_shop WHERE shop_id = %s", [SHOP]).fetchone():
            return
        with connection.transaction():
            _master_data(connection)
            _channels(connection)
            _erp(connection)
            _opening_stock(connection)
            online_atp.take_turn(connection)
            online_atp.recompute_dirty(connection)
            emulator.seed(*_shopify(connection))


def _master_data(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO facility (facility_id, facility_name, facility_type_id, external_id) VALUES (%s, %s, %s, %s)",
            [
                *((each.facility_id, each.name, each.kind, each.netsuite_id) for each in FACILITIES),
                (ONLINE_QUEUE, "Brokering queue", "VIRTUAL_FACILITY", None),
                (ONLINE_CONFIGURATION, "Online channel", "CONFIGURATION", None),
            ],
        )
        cursor.executemany(
            b"INSERT INTO product (product_id, internal_name) VALUES (%s, %s)",
            [(each.product_id, each.sku) for each in products()],
        )
        cursor.executemany(
            b"INSERT INTO good_identification VALUES (%s, %s, %s)",
            [
                identification
                for each in products()
                for identification in (
                    ("SKU", each.sku, each.product_id),
                    ("NETSUITE_PRODUCT_ID", each.netsuite_id, each.product_id),
                )
            ],
        )
        cursor.executemany(
            b"INSERT INTO product_facility (product_id, facility_id, minimum_stock) VALUES (%s, %s, %s)",
            [
                *((each.product_id, "BROADWAY", each.safety_stock) for each in products() if each.safety_stock),
                *((each.product_id, ONLINE_CONFIGURATION, each.threshold) for each in products() if each.threshold),
            ],
        )


def _erp(connection: Connection) -> None:
    """What NetSuite wants to know of each variance."""
    connection.execute(b"UPDATE variance_feed SET adjustment_account = '927', subsidiary = '1'")


def _channels(connection: Connection) -> None:
    """The online location shows what all facilities can promise; each store location what that store can."""
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id, seconds_to_arrive, order_search_lag)"
        b" VALUES (%s, 'trueup-sandbox.myshopify.com', 'shopify_demo', 5, 1)",
        [SHOP],
    )
    channels = [("ONLINE", ONLINE_LOCATION, [each.facility_id for each in FACILITIES], ONLINE_QUEUE)]
    channels += [
        (each.facility_id, each.location_id, [each.facility_id], each.facility_id)
        for each in FACILITIES
        if each.location_id
    ]
    for channel_id, location_id, facilities, queue in channels:
        connection.execute(
            b"INSERT INTO facility_group (facility_group_id, facility_group_name) VALUES (%s, %s)",
            [channel_id, channel_id.replace("_", " ").title()],
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES (%s, %s)",
                [(channel_id, facility_id) for facility_id in facilities],
            )
        connection.execute(
            b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
            b" queue_facility_id, configuration_facility_id) VALUES (%s, %s, %s, %s, %s, %s)",
            [
                channel_id,
                SHOP,
                location_id,
                channel_id,
                queue,
                ONLINE_CONFIGURATION if channel_id == "ONLINE" else None,
            ],
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO shopify_shop_product VALUES (%s, %s, %s)",
            [(SHOP, each.product_id, each.inventory_item_id) for each in products()],
        )


_COPY_MOVEMENT = (
    b"COPY movement (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id)"
    b" FROM STDIN"
)


def _opening_stock(connection: Connection) -> None:
    ledger.open_for_posting(connection)
    with connection.cursor() as cursor, cursor.copy(_COPY_MOVEMENT) as copy:
        for (product_id, facility_id), units in opening_stock().items():
            if units:
                copy.write_row((product_id, facility_id, units, units, "VAR_MANUAL"))
    ledger.post(connection, datetime(2026, 1, 1, tzinfo=UTC))


def _shopify(
    connection: Connection,
) -> tuple[list[dict[str, object]], list[dict[str, object]], list[dict[str, object]]]:
    locations: list[dict[str, object]] = [{"id": ONLINE_LOCATION, "name": "Online store"}]
    locations += [{"id": each.location_id, "name": each.name} for each in FACILITIES if each.location_id]
    items: list[dict[str, object]] = [
        {"id": each.inventory_item_id, "sku": each.sku, "tracked": True} for each in products()
    ]
    rows = connection.execute(b"SELECT inventory_item_id, location_id, target FROM inventory_level")
    levels: list[dict[str, object]] = [
        {"inventoryItemId": item, "locationId": location, "available": available} for item, location, available in rows
    ]
    return locations, items, levels
