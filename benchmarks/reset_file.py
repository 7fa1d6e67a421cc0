"""A reset file of a million rows, from SFTP to committed ledger and stock, rejects included.

Floor: raw `COPY` of the same file, from memory, into a temporary text table, and the one statement that joins it and
writes ledger and stock. Both in turn on fresh copies of one database, in a Postgres with its default durability.
Each of our runs is a process of its own, whose peak memory is read from the operating system; so is that of its
Postgres backend.

Goals: at most 1.5 times the floor, at most 300 MB above idle.
"""

import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.intake import data_manager, pickup, process
from include.intake.pickup import Settling
from include.sandbox import postgres, sftp
from include.sandbox.postgres import Cluster
from tests.conftest import open_sftp

FACILITIES = 50
FOLDER = "netsuite/inventoryitem/csv"
MOST_TIMES_THE_FLOOR = 1.5
MOST_MEMORY = 300 << 20


@dataclass(frozen=True)
class Run:
    """One run: seconds, and peak bytes above idle of the process and of its Postgres backend."""

    seconds: float
    process_bytes: int
    backend_bytes: int


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether the budget was kept."""
    with (
        postgres.running(folder / "postgres", durable=True) as cluster,
        sftp.running(folder / "sftp", folder / "keys") as server,
    ):
        say(f"setting up {rows // FACILITIES:,} products at {FACILITIES} facilities")
        first, nightly = contents(rows)
        cluster.create_database("empty")
        set_up(cluster.dsn("empty"), rows // FACILITIES)
        kept = scenario("first load, all rows new", cluster, server, "empty", first, runs)
        cluster.create_database("stocked", template="empty")
        ours(cluster.dsn("stocked"), server, first)
        kept &= scenario("nightly reset, one row in ten changed", cluster, server, "stocked", nightly, runs)
    return kept


def scenario(name: str, cluster: Cluster, server: sftp.SftpServer, template: str, content: bytes, runs: int) -> bool:
    """Run floor and ours in turn on copies of a database, and print the medians."""
    floors: list[float] = []
    measured: list[Run] = []
    for number in range(1, runs + 1):
        with copy_of(cluster, template) as dsn:
            floors.append(floor(dsn, content))
        with copy_of(cluster, template) as dsn:
            measured.append(ours(dsn, server, content))
        say(f"  {name}, pair {number}: floor {floors[-1]:.2f} s, ours {measured[-1].seconds:.2f} s")
    ratio = statistics.median(run.seconds / base for run, base in zip(measured, floors, strict=True))
    memory = max(run.process_bytes + run.backend_bytes for run in measured)
    print(
        f"{name}: {content.count(b'%c' % 10) - 1:,} rows, {len(content) / 1e6:.0f} MB\n"
        f"  floor   {statistics.median(floors):6.2f} s\n"
        f"  ours    {statistics.median(run.seconds for run in measured):6.2f} s\n"
        f"  ratio   {ratio:6.2f}    goal <= {MOST_TIMES_THE_FLOOR}\n"
        f"  memory  {memory / (1 << 20):6.0f} MB above idle, goal <= {MOST_MEMORY >> 20} MB"
        f" (worker {max(run.process_bytes for run in measured) >> 20} MB,"
        f" its Postgres backend {max(run.backend_bytes for run in measured) >> 20} MB)",
        flush=True,
    )
    return ratio <= MOST_TIMES_THE_FLOOR and memory <= MOST_MEMORY


def contents(rows: int) -> tuple[bytes, bytes]:
    """A full snapshot with one row in a thousand bad, and the next one, in which one row in ten differs."""
    dice = random.Random(1)
    header = "Item,externalFacilityId,availableQty,idValue\n"
    first, nightly = [header], [header]
    for row in range(rows):
        product, facility, units = row // FACILITIES, row % FACILITIES, dice.randint(0, 90)
        item = 999_999_999 if row % 1000 == 999 else 100_000 + product
        first.append(f"051-{product:05d}-G,{facility + 1},{units},{item}\n")
        later = units + 1 if row % 10 == 0 else units
        nightly.append(f"051-{product:05d}-G,{facility + 1},{later},{item}\n")
    return "".join(first).encode(), "".join(nightly).encode()


def set_up(dsn: str, products: int) -> None:
    """Master data for the file."""
    migrate(dsn)
    with connect(dsn) as connection:
        connection.execute(
            b"INSERT INTO facility SELECT 'STORE_' || n, 'Store ' || n, 'RETAIL_STORE', n::text"
            b" FROM generate_series(1, %s) AS n",
            [FACILITIES],
        )
        connection.execute(
            b"INSERT INTO product (product_id, internal_name) SELECT n::text, 'Product ' || n"
            b" FROM generate_series(100000, %s) AS n",
            [100_000 + products - 1],
        )
        connection.execute(
            b"INSERT INTO good_identification SELECT 'NETSUITE_PRODUCT_ID', product_id, product_id FROM product"
        )
        connection.execute(b"VACUUM ANALYZE")


@contextmanager
def copy_of(cluster: Cluster, template: str) -> Iterator[str]:
    """A fresh copy of a database for one run."""
    cluster.create_database("run", template=template)
    with connect(cluster.dsn("run")) as connection:
        connection.execute(b"VACUUM ANALYZE")
        connection.execute(b"CHECKPOINT")
    yield cluster.dsn("run")
    cluster.drop_database("run")


def floor(dsn: str, content: bytes) -> float:
    """Seconds of the raw copy and the one statement."""
    statement = Path(__file__).with_name("floor_reset.sql").read_bytes()
    with connect(dsn) as connection:
        began = time.perf_counter()
        with connection.transaction():
            connection.execute(
                b"CREATE TEMP TABLE raw_reset (item text, external_facility_id text, available_qty text, id_value text)"
                b" ON COMMIT DROP"
            )
            with (
                connection.cursor() as cursor,
                cursor.copy(b"COPY raw_reset FROM STDIN (FORMAT csv, HEADER true)") as copy,
            ):
                for start in range(0, len(content), 1 << 18):
                    copy.write(content[start : start + (1 << 18)])
            connection.execute(b"ANALYZE raw_reset")
            connection.execute(statement)
        return time.perf_counter() - began


def ours(dsn: str, server: sftp.SftpServer, content: bytes) -> Run:
    """One run of ours, in a process of its own."""
    folder = server.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{time.time_ns()}-InventoryItemExport.csv").write_bytes(content)
    key = {"host": server.host, "port": server.port, "host_key": server.host_key, "client_key": str(server.client_key)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reset_file", dsn, json.dumps(key)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Run(**json.loads(done.stdout))


def one_run(dsn: str, server: dict[str, object]) -> Run:
    """What the process of its own does: take the file and process it."""
    from types import SimpleNamespace

    address = SimpleNamespace(**server, user="netsuite")
    with open_sftp(address) as client, connect(dsn) as connection:  # type: ignore[arg-type]
        feed = data_manager.config(connection, "RESET_INVENTORY")
        idle = forget_peak()
        with watched(connection) as peak:
            began = time.perf_counter()
            pickup.take_whole_files(connection, client, feed, Settling(pause=0.0))
            (outcome,) = process.process_waiting(connection, client, feed)
            seconds = time.perf_counter() - began
        assert outcome.counts is not None
        assert outcome.counts.failed == outcome.counts.total // 1000, outcome
        return Run(seconds, peak_memory() - idle, peak[0])


def forget_peak() -> int:
    """Let the kernel measure this process's peak memory anew; returns what it uses now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


def peak_memory() -> int:
    """The most memory that this process has held, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10


@contextmanager
def watched(connection: Connection) -> Iterator[list[int]]:
    """Watch the private memory of a connection's backend; its peak above the present is in the list at the end."""
    status = Path(f"/proc/{connection.info.backend_pid}/status")

    def private() -> int:
        line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) << 10

    idle, peak, done = private(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], private() - idle)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def say(text: str) -> None:
    """Progress goes to standard error; the results to standard output."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(json.dumps(asdict(one_run(sys.argv[1], json.loads(sys.argv[2])))))
