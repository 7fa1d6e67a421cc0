"""A retailer, its shop and the whole way between them, without Airflow: what the scenario tests act on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from include.channel.delivery import delivery
from include.channel.delivery.delivery import Delivery
from include.channel.order_import import orders
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.channel.reconciliation.observation import Settlement
from include.db.connection import Connection
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from include.stock import ledger
from include.stock.atp import online_atp
from tests.world import ONLINE, SHOP, World

STORE_LOCATION = "gid://shopify/Location/70000000002"


@dataclass(frozen=True)
class Store:
    """One store that sells at its counter and online, with some products in stock and in Shopify."""

    connection: Connection
    world: World
    emulator: Emulator
    client: Client

    def open(self, stock: dict[str, int]) -> None:
        """Set everything up: stock in the OMS, the same numbers in Shopify, and what a first look at them would leave.

        `settle` would find the same, in several times the time.
        """
        self.equip(stock)
        self.emulator.seed(
            [{"id": ONLINE, "name": "Online"}, {"id": STORE_LOCATION, "name": "Broadway"}],
            [{"id": item(product), "sku": f"SKU-{product}"} for product in stock],
            [
                {"inventoryItemId": item(product), "locationId": ONLINE, "available": max(0, units)}
                for product, units in stock.items()
            ],
        )
        self.import_orders()  # the orders that come later are new

    def equip(self, stock: dict[str, int]) -> None:
        """The part of `open` that needs no Shopify."""
        self.world.shop()
        self.connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 0.2, order_search_lag = 0.2")
        self.world.facility("BROADWAY", external_id="43")
        self.world.facility("_NA_", "VIRTUAL_FACILITY")
        self.world.channel("ONLINE", ONLINE, ["BROADWAY"], queue="_NA_")
        with self.connection.transaction():
            for product in stock:
                self.world.product(product)
                self.world.in_shop(product, item(product))
        self.move_all(stock)
        online_atp.refresh(self.connection)
        self.connection.execute(
            b"WITH looked AS (INSERT INTO inventory_observation (shop_id, purpose) VALUES (%s, 'SETTLE')"
            b" RETURNING inventory_observation_id), seen AS (UPDATE inventory_level SET position = target,"
            b" to_observe = FALSE RETURNING shop_id, inventory_item_id, location_id, position)"
            b" INSERT INTO inventory_drift (shop_id, inventory_item_id, location_id, observed, cause, outcome,"
            b" inventory_observation_id) SELECT shop_id, inventory_item_id, location_id, position,"
            b" 'FIRST_OBSERVATION', 'REBASED', inventory_observation_id FROM seen CROSS JOIN looked",
            [SHOP],
        )

    def move(self, product: str, units: int, reason: str = "VAR_MANUAL") -> None:
        """Something happens to the store's stock."""
        self.move_all({product: units}, reason)

    def move_all(self, units: Mapping[str, int], reason: str = "VAR_MANUAL") -> None:
        """The same happens to several products at once."""
        rows = [(product, number, number, reason) for product, number in units.items() if number]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            ledger.open_for_posting(self.connection)
            cursor.executemany(b"INSERT INTO movement VALUES (%s, 'BROADWAY', %s, %s, %s, NULL, NULL)", rows)
            ledger.post(self.connection, datetime.now(UTC))

    def sell(self, product: str, units: int = 1) -> str:
        """Shopify sells units online; nobody imports the order yet."""
        return self.emulator.place_order([{"inventoryItemId": item(product), "locationId": ONLINE, "quantity": units}])

    def plan(self) -> list[int]:
        online_atp.refresh(self.connection)
        return planner.plan(self.connection, SHOP)

    def deliver(self) -> Delivery:
        return delivery.deliver(self.connection, SHOP, self.client)

    def push(self) -> Delivery:
        """What the delta push does from end to end."""
        self.plan()
        return self.deliver()

    def import_orders(self) -> int:
        return orders.import_orders(self.connection, SHOP, self.client).movements

    def settle(self) -> Settlement:
        return observation.settle(self.connection, SHOP, self.client)

    def shown(self, product: str) -> int:
        """What Shopify shows online."""
        return next(
            int(level["available"])
            for level in self.emulator.levels()
            if (level["inventoryItemId"], level["locationId"]) == (item(product), ONLINE)
        )

    def level(self, product: str) -> tuple[int, int | None]:
        """Target and position."""
        return self.world.levels()[product, ONLINE]

    def applied(self, product: str) -> list[int]:
        """The adjustments that Shopify has applied, in order."""
        return [
            change["delta"]
            for change in self.emulator.history()
            if change["kind"] == "adjust" and change["inventoryItemId"] == item(product)
        ]

    def batches(self) -> list[str]:
        """The statuses of all batches, oldest first."""
        rows = self.connection.execute(b"SELECT status_id FROM outbox_batch ORDER BY outbox_batch_id")
        return [row[0] for row in rows]


def item(product: str) -> str:
    """The Shopify inventory item of a product."""
    return f"gid://shopify/InventoryItem/{product}"
