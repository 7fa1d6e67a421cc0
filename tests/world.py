"""A small retailer for tests: written down in the words of the data model, with nothing hidden."""

from dataclasses import dataclass

from include.db.connection import Connection

SHOP = "demo"
ONLINE = "gid://shopify/Location/70000000001"


@dataclass(frozen=True)
class World:
    """Adds master data to a database and reads back what the tests look at."""

    connection: Connection

    def facility(self, facility_id: str, kind: str = "RETAIL_STORE", external_id: str | None = None) -> None:
        self.connection.execute(
            b"INSERT INTO facility (facility_id, facility_name, facility_type_id, external_id) VALUES (%s, %s, %s, %s)",
            [facility_id, facility_id.title(), kind, external_id],
        )

    def product(self, product_id: str, netsuite_id: str | None = None) -> None:
        """A product with its NetSuite id, its SKU and its place in the shop."""
        self.connection.execute(
            b"INSERT INTO product (product_id, internal_name) VALUES (%s, %s)", [product_id, product_id]
        )
        for kind, value in (("NETSUITE_PRODUCT_ID", netsuite_id or product_id), ("SKU", f"SKU-{product_id}")):
            self.connection.execute(b"INSERT INTO good_identification VALUES (%s, %s, %s)", [kind, value, product_id])

    def shop(self) -> None:
        self.connection.execute(
            b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id)"
            b" VALUES (%s, 'demo.myshopify.com', 'shopify_demo')",
            [SHOP],
        )

    def channel(
        self, channel_id: str, location_id: str, facilities: list[str], queue: str, configuration: str | None = None
    ) -> None:
        """A Shopify location that shows what some facilities can promise."""
        self.connection.execute(
            b"INSERT INTO facility_group (facility_group_id, facility_group_name) VALUES (%s, %s)",
            [channel_id, channel_id],
        )
        for facility_id in facilities:
            self.connection.execute(
                b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES (%s, %s)",
                [channel_id, facility_id],
            )
        self.connection.execute(
            b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
            b" queue_facility_id, configuration_facility_id) VALUES (%s, %s, %s, %s, %s, %s)",
            [channel_id, SHOP, location_id, channel_id, queue, configuration],
        )

    def in_shop(self, product_id: str, inventory_item_id: str) -> None:
        self.connection.execute(
            b"INSERT INTO shopify_shop_product VALUES (%s, %s, %s)", [SHOP, product_id, inventory_item_id]
        )

    def rule(self, product_id: str, facility_id: str, minimum_stock: int = 0, brokering: bool = True) -> None:
        self.connection.execute(
            b"INSERT INTO product_facility (product_id, facility_id, minimum_stock, allow_brokering)"
            b" VALUES (%s, %s, %s, %s)",
            [product_id, facility_id, minimum_stock, brokering],
        )

    def stock(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Quantity on hand and available to promise, by product and facility."""
        rows = self.connection.execute(
            b"SELECT product_id, facility_id, quantity_on_hand_total, available_to_promise_total FROM inventory_item"
        )
        return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in rows}

    def levels(self) -> dict[tuple[str, str], tuple[int, int | None]]:
        """Target and position, by product and location."""
        rows = self.connection.execute(b"SELECT product_id, location_id, target, position FROM inventory_level")
        return {(row[0], row[1]): (row[2], row[3]) for row in rows}
