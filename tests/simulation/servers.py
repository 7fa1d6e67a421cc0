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
from include.shopify.access import Access
from include.stock import ledger
from include.stock.atp import online_atp
from tests.conftest import open_sftp
from tests.simulation import clock, opening, sql_troubles
from tests.simulation.mishaps import SimulatedClient, SimulatedSftp
from tests.simulation.opening import Opening
from tests.simulation.shop import Shop
from tests.simulation.story import FACILITIES, PRODUCTS, Story
from tests.world import ONLINE, World

DATABASE = "simulation"
STORE = "gid://shopify/Location/70000000002"
KIT = "K"
CONFIGURATION = "WEB_CONFIG"
QUEUE = "_NA_"
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
class Servers:
    """What runs for the whole time.

    Attributes:
        database: A Postgres database with the retailer in it.
        files: The SFTP server, and an open connection to it.
        shopify: The emulator, and two clients of it: a sender's and its rival's.
    """

    cluster: Cluster
    database: Opening
    files: SftpServer
    sftp: SimulatedSftp
    shopify: Shop
    client: SimulatedClient
    rival: SimulatedClient
    opening: dict[tuple[str, str], int]
    runs: int = 0
    _connected: ExitStack = field(default_factory=ExitStack)

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

    def open_shop(self, story: Story, monotonic: Callable[[], float]) -> None:
        """Give the shop its opening levels, let all be well, and let the clients in."""
        self.shopify.clear_faults()
        self.shopify.seed(
            [{"id": ONLINE, "name": "Online"}, {"id": STORE, "name": "Broadway"}],
            [{"id": item(product), "sku": f"SKU-{product}"} for product in (*PRODUCTS, KIT)],
            [
                {"inventoryItemId": item(product), "locationId": location, "available": available}
                for (product, location), available in self.opening.items()
            ],
        )
        self.shopify.settings(
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
        access = Access(self.shopify.url, DEFAULT_TOKEN, client_id=client_id, client_secret=client_secret)
        for client in (self.client, self.rival):
            client.let_in(access, monotonic)


def item(product: str) -> str:
    """The Shopify inventory item of a product."""
    return f"gid://shopify/InventoryItem/{101 + (*PRODUCTS, KIT).index(product)}"


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
        emulator = stack.enter_context(shopify.running(folder / "shopify"))
        opened = stack.enter_context(open_sftp(files, SimulatedSftp))
        assert isinstance(opened, SimulatedSftp)
        shop = stack.enter_context(closing(Shop(emulator.url)))
        access = Access(emulator.url, emulator.token)
        opening = _prepare(cluster)
        servers = Servers(
            cluster,
            Opening(cluster, DATABASE),
            files,
            opened,
            shop,
            stack.enter_context(SimulatedClient(access)),
            stack.enter_context(SimulatedClient(access)),
            opening,
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


def _prepare(cluster: Cluster) -> dict[tuple[str, str], int]:
    """Make the database: a store, a warehouse, a queue, three products and a kit; returns what Shopify shows."""
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
    return {(product, location): target for product, location, target in rows}


def _retailer(connection: Connection) -> None:
    world = World(connection)
    world.shop()
    connection.execute(
        b"UPDATE shopify_shop SET seconds_to_arrive = %s, order_search_lag = %s, orders_read_through = %s,"
        b" sales_reach_erp_after = '0', activate_items = TRUE",
        [SECONDS_TO_ARRIVE, LONGEST_LAG, clock.BEGINNING],
    )
    world.facility("BROADWAY", external_id=EXTERNAL["BROADWAY"])
    world.facility("MAIN_WH", "WAREHOUSE", external_id=EXTERNAL["MAIN_WH"])
    world.facility(QUEUE, "VIRTUAL_FACILITY")
    world.facility(CONFIGURATION, "CONFIGURATION", external_id="500")
    world.channel("ONLINE", ONLINE, list(FACILITIES), queue=QUEUE, configuration=CONFIGURATION)
    world.channel("BROADWAY", STORE, ["BROADWAY"], queue="BROADWAY")
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
