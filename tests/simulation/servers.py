"""The real parts of a run, started once and used by all seeds: Postgres, SFTP, the Shopify emulator."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from psycopg import sql

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.sandbox import postgres, sftp, shopify
from include.sandbox.postgres import Cluster
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify.settings import DEFAULT_CLIENT, DEFAULT_TOKEN
from include.sandbox.shopify.store import FIRST_IDS
from include.shopify.access import Access
from include.stock import ledger
from include.stock.atp import online_atp
from tests.conftest import open_sftp
from tests.simulation import clock, opening, sql_troubles
from tests.simulation.mishaps import SimulatedClient, SimulatedSftp
from tests.simulation.opening import Opening
from tests.simulation.shop import Shop
from tests.simulation.story import FACILITIES, PRODUCTS, Story
from tests.world import ONLINE, SHOP, World

DATABASE = "simulation"
OTHER_SHOP = "other"
DOMAINS = ("demo.myshopify.com", "other.myshopify.com")
KIT = "K"
CONFIGURATION = "WEB_CONFIG"
QUEUE = "_NA_"
OTHER_QUEUE = "_NA_2"
EXTERNAL = {"BROADWAY": "43", "MAIN_WH": "44"}
OPENING = {
    ("P1", "BROADWAY"): 6,
    ("P1", "MAIN_WH"): 8,
    ("P2", "BROADWAY"): 5,
    ("P2", "MAIN_WH"): 4,
    ("P3", "MAIN_WH"): 9,
}

SECONDS_TO_ARRIVE = 12
LONGEST_LAG = 12


@dataclass
class Front:
    """One of the retailer's shops.

    Attributes:
        number: Which.
        shop: The emulator.
        client: Trueup's client of it.
        rival: A second sender's.
        opening: What its levels show in the beginning, by inventory item and location.
        ahead: Seconds by which its clock is ahead.
    """

    number: int
    shop: Shop
    client: SimulatedClient
    rival: SimulatedClient
    opening: dict[tuple[str, str], int]
    ahead: int = 0

    @property
    def shop_id(self) -> str:
        return (SHOP, OTHER_SHOP)[self.number]

    @property
    def domain(self) -> str:
        return DOMAINS[self.number]

    @property
    def online(self) -> str:
        """Where it sells online."""
        return location(self.number, 1)

    @property
    def store(self) -> str:
        """Where it sells at the till."""
        return location(self.number, 2)

    def item(self, product: str) -> str:
        """The inventory item of a product."""
        return item(product, self.number)

    def open(self, story: Story, monotonic: Callable[[], float]) -> None:
        """Give the shop its opening levels, let all be well, and let the clients in."""
        self.ahead = story.other_clock * self.number
        self.shop.clear_faults()
        self.shop.seed(
            [{"id": self.online, "name": "Online"}, {"id": self.store, "name": "Broadway"}],
            [{"id": self.item(product), "sku": f"SKU-{product}"} for product in (*PRODUCTS, KIT)],
            [
                {"inventoryItemId": inventory_item, "locationId": place, "available": available}
                for (inventory_item, place), available in self.opening.items()
            ],
            dict.fromkeys(FIRST_IDS, 5000 * self.number),  # no id is given out by two shops
        )
        self.shop.settings(
            replay=story.replay,
            order_search_lag=story.order_search_lag,
            token_seconds=story.token_seconds,
            shop_status=None,
            bucket_size=200_000,
            points=200_000,
            bulk_start_seconds=0,
            bulk_lines_per_second=1_000_000,
        )
        client_id, client_secret = DEFAULT_CLIENT if story.token_seconds else ("", "")
        access = Access(self.shop.url, DEFAULT_TOKEN, client_id=client_id, client_secret=client_secret)
        for client in (self.client, self.rival):
            client.let_in(access, monotonic)


@dataclass
class Servers:
    """What runs for the whole time.

    Attributes:
        database: A Postgres database with the retailer in it.
        files: The SFTP server, and an open connection to it.
        fronts: The shops. Most stories have the first one only.
    """

    cluster: Cluster
    database: Opening
    files: SftpServer
    sftp: SimulatedSftp
    fronts: list[Front]
    runs: int = 0
    _connected: ExitStack = field(default_factory=ExitStack)

    @property
    def opening(self) -> dict[tuple[str, str], int]:
        """What the levels of all shops show in the beginning."""
        return {level: units for front in self.fronts for level, units in front.opening.items()}

    @property
    def home_folder(self) -> Path:
        """Where the files of this run lie on the disk."""
        return self.files.root / f"run-{self.runs}"

    def home(self) -> None:
        """Give the SFTP connection an empty folder to start in."""
        self.files.fail()
        self.sftp.life = None
        shutil.rmtree(self.home_folder, ignore_errors=True)
        self.runs += 1
        self.home_folder.mkdir()
        self.connect_again()

    def connect_again(self) -> bool:
        """See that there is an SFTP connection; says whether the last one was lost."""
        channel = self.sftp.get_channel()
        was_lost = channel is None or not channel.get_transport().is_active()
        if was_lost:
            self._connected.close()
            opened = self._connected.enter_context(open_sftp(self.files, SimulatedSftp))
            assert isinstance(opened, SimulatedSftp)
            self.sftp = opened
        self.sftp.chdir(f"/run-{self.runs}")
        return was_lost

    def close(self) -> None:
        """Let go of the SFTP connection."""
        self._connected.close()


def item(product: str, shop: int = 0) -> str:
    """The Shopify inventory item of a product in one of the shops."""
    return f"gid://shopify/InventoryItem/{101 + 100 * shop + (*PRODUCTS, KIT).index(product)}"


def location(shop: int, number: int) -> str:
    """A location of one of the shops."""
    return f"gid://shopify/Location/{70000000000 + 10 * shop + number}"


@contextmanager
def running(folder: Path, cluster: Cluster | None = None) -> Iterator[Servers]:
    """Start everything, for the length of a `with` block.

    Args:
        folder: Where the servers keep their state.
        cluster: A Postgres that runs already, if there is one.
    """
    with ExitStack() as stack:
        cluster = cluster or stack.enter_context(_own_cluster(folder / "postgres"))
        files = stack.enter_context(sftp.running(folder / "sftp", folder / "sftp-keys"))
        opened = stack.enter_context(open_sftp(files, SimulatedSftp))
        assert isinstance(opened, SimulatedSftp)
        opening = _prepare(cluster)
        fronts = [_front(number, folder, stack, opening) for number in range(2)]
        servers = Servers(
            cluster,
            Opening(cluster, DATABASE),
            files,
            opened,
            fronts,
        )
        stack.callback(servers.close)
        stack.callback(servers.database.close)
        yield servers


@contextmanager
def _own_cluster(folder: Path) -> Iterator[Cluster]:
    """A Postgres in which it costs next to nothing to connect: stories do it hundreds of times a minute."""
    with postgres.running(folder, durable=False) as cluster:
        with connect(cluster.dsn("postgres")) as admin:
            admin.execute(b"SET scram_iterations = 1")
            admin.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(cluster.password))
        yield cluster


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the servers' state: in memory, where there is such a place, as all of it is thrown away."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="trueup-simulation-", dir=place) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _front(number: int, folder: Path, stack: ExitStack, opening: dict[tuple[str, int], int]) -> Front:
    """A shop, with an emulator of its own. All begin with the same stock."""
    emulator = stack.enter_context(shopify.running(folder / f"shopify-{number}", keep=False))
    access = Access(emulator.url, emulator.token)
    return Front(
        number,
        stack.enter_context(closing(Shop(emulator.url))),
        stack.enter_context(SimulatedClient(access)),
        stack.enter_context(SimulatedClient(access)),
        {(item(product, number), location(number, place)): units for (product, place), units in opening.items()},
    )


def open_second_shop(connection: Connection) -> None:
    """Let the retailer sell the same stock in another shop, with an order queue of its own."""
    World(connection).facility(OTHER_QUEUE, "VIRTUAL_FACILITY")
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id, seconds_to_arrive, order_search_lag,"
        b" orders_read_through, sales_reach_erp_after, activate_items, transport) SELECT %s, %s, 'other',"
        b" seconds_to_arrive, order_search_lag, orders_read_through, sales_reach_erp_after, activate_items, transport"
        b" FROM shopify_shop",
        [OTHER_SHOP, DOMAINS[1]],
    )
    for channel, place, queue in (("ONLINE", 1, OTHER_QUEUE), ("BROADWAY", 2, "BROADWAY")):
        connection.execute(
            b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
            b" queue_facility_id, configuration_facility_id) SELECT inventory_channel_id || '_2', %s, %s,"
            b" facility_group_id, %s, configuration_facility_id FROM inventory_channel WHERE inventory_channel_id = %s",
            [OTHER_SHOP, location(1, place), queue, channel],
        )
    for product in (*PRODUCTS, KIT):
        connection.execute(
            b"INSERT INTO shopify_shop_product VALUES (%s, %s, %s)", [OTHER_SHOP, product, item(product, 1)]
        )
    online_atp.refresh(connection)
    connection.execute(b"UPDATE inventory_level SET position = target, to_observe = FALSE")


def _prepare(cluster: Cluster) -> dict[tuple[str, int], int]:
    """Make the database: a store, a warehouse, a queue, three products and a kit.

    Returns:
        What Shopify shows of each product online (1) and at the store (2).
    """
    cluster.drop_database(DATABASE)
    cluster.create_database(DATABASE)
    migrate(cluster.dsn(DATABASE))
    with connect(cluster.dsn(DATABASE)) as connection:
        connection.execute(clock.SQL)
        connection.execute(sql_troubles.SQL)
        connection.execute(b"SELECT set_config('clock.now', %s, FALSE)", [clock.BEGINNING.isoformat()])
        _retailer(connection)
        online_atp.refresh(connection)
        connection.execute(b"UPDATE inventory_level SET position = target, to_observe = FALSE")
        rows = connection.execute(b"SELECT product_id, location_id, target FROM inventory_level").fetchall()
        opening.remember(connection)
    places = {location(0, number): number for number in (1, 2)}
    return {(product, places[place]): target for product, place, target in rows}


def _retailer(connection: Connection) -> None:
    world = World(connection)
    world.shop()
    connection.execute(
        b"UPDATE shopify_shop SET seconds_to_arrive = %s, order_search_lag = %s, orders_read_through = %s,"
        b" sales_reach_erp_after = '0', activate_items = TRUE",
        [SECONDS_TO_ARRIVE, LONGEST_LAG, clock.BEGINNING],
    )
    connection.execute(
        b"UPDATE variance_feed SET adjustment_account = '1', subsidiary = '1', export_from = '9999-01-01Z',"
        b" reaches_erp_after = '100 years'"
    )
    world.facility("BROADWAY", external_id=EXTERNAL["BROADWAY"])
    world.facility("MAIN_WH", "WAREHOUSE", external_id=EXTERNAL["MAIN_WH"])
    world.facility(QUEUE, "VIRTUAL_FACILITY")
    world.facility(CONFIGURATION, "CONFIGURATION", external_id="500")
    world.channel("ONLINE", ONLINE, list(FACILITIES), queue=QUEUE, configuration=CONFIGURATION)
    world.channel("BROADWAY", location(0, 2), ["BROADWAY"], queue="BROADWAY")
    for product in (*PRODUCTS, KIT):
        world.product(product)
        world.in_shop(product, item(product))
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = %s", [KIT])
    for component, quantity in (("P1", 2), ("P2", 1)):
        connection.execute(
            b"INSERT INTO product_assoc (product_id, product_id_to, product_assoc_type_id, quantity)"
            b" VALUES (%s, %s, 'PRODUCT_COMPONENT', %s)",
            [KIT, component, quantity],
        )
    with connection.transaction():
        ledger.open_for_posting(connection)
        for (product, facility), units in OPENING.items():
            connection.execute(
                b"INSERT INTO movement VALUES (%s, %s, %s, %s, 'VAR_MANUAL')", [product, facility, units, units]
            )
        ledger.post(connection, clock.BEGINNING - timedelta(days=1))
