"""What the benchmarks of the feeds share: a floor and a feed run in turn on copies of one database, and what they cost.

The ratio that counts is that of processor seconds of worker and Postgres backend together, which other work on the
machine disturbs little. Seconds on the wall, what a user waits for, are printed beside them.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.intake import data_manager, pickup, process
from include.intake.pickup import Settling
from include.sandbox.postgres import Cluster
from include.sandbox.sftp import SftpServer
from tests.conftest import open_sftp

FACILITIES = 50
FIRST_PRODUCT = 100_000
MOST_TIMES_THE_FLOOR = 1.5
MOST_MEMORY = 300 << 20
BLOCK = 1 << 18


@dataclass(frozen=True)
class Case:
    """One file, the feed that takes it, and its floor.

    Attributes:
        name: For the printed figures.
        config_id: The feed.
        file: The file, on disk.
        rows: How many rows it has.
        refused: How many of them the feed has to refuse: one that takes what it should not is no match for its floor.
        floor: The statement beside this module that joins the raw table and writes what the feed writes.
        raw: The columns of the temporary table `raw`, all text.
        floor_file: The file that the floor takes, where it is spared the taking apart of the feed's.
    """

    name: str
    config_id: str
    file: Path
    rows: int
    refused: int
    floor: str
    raw: tuple[str, ...]
    floor_file: Path | None = None


@dataclass(frozen=True)
class Cost:
    """One run: seconds on the wall, processor seconds, and peak bytes above idle of the worker and of its backend."""

    wall: float
    processor: float
    worker_bytes: int = 0
    backend_bytes: int = 0


def compare(case: Case, cluster: Cluster, server: SftpServer, template: str, runs: int) -> bool:
    """Run floor and feed in turn on copies of a database and print the medians; returns whether the goals are met."""
    floors: list[Cost] = []
    feeds: list[Cost] = []
    for number in range(1, runs + 1):
        with copy_of(cluster, template) as dsn:
            floors.append(floor(dsn, case))
        with copy_of(cluster, template) as dsn:
            feeds.append(feed(dsn, server, case))
        say(f"  {case.name}, pair {number}: floor {floors[-1].wall:.2f} s, feed {feeds[-1].wall:.2f} s")
    wall = statistics.median(ours.wall / base.wall for ours, base in zip(feeds, floors, strict=True))
    processor = statistics.median(ours.processor / base.processor for ours, base in zip(feeds, floors, strict=True))
    memory = max(run.worker_bytes + run.backend_bytes for run in feeds)
    print(
        f"{case.name}: {case.rows:,} rows, {case.file.stat().st_size / 1e6:.0f} MB\n"
        f"           wall  processor\n"
        f"  floor  {_median(floors)}\n"
        f"  feed   {_median(feeds)}\n"
        f"  ratio  {wall:6.2f}     {processor:6.2f}      goal <= {MOST_TIMES_THE_FLOOR}\n"
        f"  memory {memory >> 20:6} MB above idle, goal <= {MOST_MEMORY >> 20} MB"
        f" (worker {max(run.worker_bytes for run in feeds) >> 20} MB,"
        f" its Postgres backend {max(run.backend_bytes for run in feeds) >> 20} MB)",
        flush=True,
    )
    return processor <= MOST_TIMES_THE_FLOOR and memory <= MOST_MEMORY


def _median(costs: Iterable[Cost]) -> str:
    wall, processor = zip(*((cost.wall, cost.processor) for cost in costs), strict=True)
    return f"{statistics.median(wall):6.2f} s   {statistics.median(processor):6.2f} s"


def set_up(dsn: str, products: int) -> None:
    """Migrate a database and fill it with products and facilities: STORE_1, of NetSuite location 1, and so on."""
    migrate(dsn)
    with connect(dsn) as connection:
        run_script(connection, "master_data.sql", {"facilities": FACILITIES, "products": products})


def run_script(connection: Connection, name: str, parameters: dict[str, object]) -> None:
    """Run the statements of a file beside this module, which `;` at the end of a line separates."""
    for part in Path(__file__).with_name(name).read_bytes().split(b";\n"):
        connection.execute(part, parameters)
    connection.execute(b"VACUUM ANALYZE")


def write_lines(path: Path, header: str, lines: Iterable[str]) -> Path:
    """Write a file line by line, so that it need not fit into memory; returns its path."""
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        file.writelines(lines)
    return path


@contextmanager
def copy_of(cluster: Cluster, template: str) -> Iterator[str]:
    """A fresh copy of a database for one run."""
    cluster.create_database("run", template=template)
    with connect(cluster.dsn("run")) as connection:
        connection.execute(b"VACUUM ANALYZE")
        connection.execute(b"CHECKPOINT")
    yield cluster.dsn("run")
    cluster.drop_database("run")


def floor(dsn: str, case: Case) -> Cost:
    """Cost of the raw copy, out of the page cache, and the one statement."""
    write = Path(__file__).with_name(case.floor).read_bytes()
    columns = ", ".join(f"{column} text" for column in case.raw)
    blocks = (case.floor_file or case.file).open("rb")
    with connect(dsn) as connection, blocks:
        pid = connection.info.backend_pid
        began, used = time.perf_counter(), time.process_time() + processor_seconds(pid)
        with connection.transaction():
            connection.execute(b"SET LOCAL work_mem = '64MB'")  # as a feed has it
            connection.execute(f"CREATE TEMP TABLE raw ({columns}) ON COMMIT DROP".encode())
            with (
                connection.cursor() as cursor,
                cursor.copy(b"COPY raw FROM STDIN (FORMAT csv, HEADER true)") as copy,
            ):
                while block := blocks.read(BLOCK):
                    copy.write(block)
            connection.execute(b"ANALYZE raw")
            connection.execute(write)
        return Cost(time.perf_counter() - began, time.process_time() + processor_seconds(pid) - used)


def feed(dsn: str, server: SftpServer, case: Case, hours_old: int = 0) -> Cost:
    """Cost of the feed, in a process of its own; the file is so many hours old when it is taken."""
    with connect(dsn) as connection:
        folder = server.root / data_manager.config(connection, case.config_id).import_path
    folder.mkdir(parents=True, exist_ok=True)
    placed = folder / f"{time.time_ns()}-{case.file.name}"
    os.link(case.file, placed)
    written_at = time.time() - hours_old * 3600
    os.utime(placed, (written_at, written_at))
    key = {"host": server.host, "port": server.port, "host_key": server.host_key, "client_key": str(server.client_key)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", dsn, json.dumps(key), case.config_id, str(case.refused)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{case.name}: the feed's process failed:\n{done.stderr}")
    return Cost(**json.loads(done.stdout))


def one_run(dsn: str, server: dict[str, object], config_id: str, refused: int) -> Cost:
    """What the process of its own does: take the file and process it."""
    address = SimpleNamespace(**server, user="netsuite")
    with open_sftp(address) as client, connect(dsn) as connection:  # type: ignore[arg-type]
        config, pid = data_manager.config(connection, config_id), connection.info.backend_pid
        idle = forget_peak()
        with watched(pid) as peak:
            began, used = time.perf_counter(), time.process_time() + processor_seconds(pid)
            pickup.take_whole_files(connection, client, config, Settling(pause=0.0))
            (outcome,) = process.process_waiting(connection, client, config)
            wall = time.perf_counter() - began
            processor = time.process_time() + processor_seconds(pid) - used
        if outcome.counts is None or outcome.counts.failed != refused:
            reasons = connection.execute(b"SELECT line_number, reason FROM data_manager_reject LIMIT 10").fetchall()
            raise RuntimeError(f"{outcome}; expected {refused:,} refused rows; of those refused: {reasons}")
        return Cost(wall, processor, peak_memory() - idle, peak[0])


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def forget_peak() -> int:
    """Let the kernel measure this process's peak memory anew; returns what it uses now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


def peak_memory() -> int:
    """The most memory that this process has held, in bytes."""
    return _held("self", "VmHWM")


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """Watch the private memory of a process; its peak above the present is in the list at the end, in bytes."""
    idle, peak, done = _held(pid, "RssAnon"), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], _held(pid, "RssAnon") - idle)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _held(pid: int | str, what: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) << 10


def say(text: str) -> None:
    """Progress goes to standard error; the results to standard output."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(json.dumps(asdict(one_run(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4])))))
