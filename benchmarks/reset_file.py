"""A reset file of a million rows, from SFTP to committed ledger and stock, rejects included.

Floor: raw `COPY` of the same file, from memory, into a temporary text table, and the one statement that joins it and
writes ledger and stock. Both in turn on fresh copies of one database, in a Postgres with its default durability.
Each run of the feed is a process of its own, whose peak memory is read from the operating system; so is that of its
Postgres backend. The files are written line by line and read in blocks: `--rows 10000000` shows that memory does not
grow with the file.

Goals: at most 1.5 times the floor, at most 300 MB above idle.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import FACILITIES, FIRST_PRODUCT, Case, compare, feed, say, set_up, write_lines
from include.sandbox import postgres, sftp

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
COLUMNS = ("item", "external_facility_id", "available_qty", "id_value")


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether the budget was kept.

    Args:
        folder: Where databases and files may lie.
        rows: Rows of a file.
        runs: Pairs of runs; the median counts.
    """
    with (
        postgres.running(folder / "postgres", durable=True) as cluster,
        sftp.running(folder / "sftp", folder / "keys") as server,
    ):
        say(f"setting up {rows // FACILITIES:,} products at {FACILITIES} facilities")
        first = case("first load, all rows new", folder / "first.csv", rows)
        nightly = case("nightly reset, one row in ten changed", folder / "nightly.csv", rows, raised=10)
        cluster.create_database("empty")
        set_up(cluster.dsn("empty"), rows // FACILITIES)
        kept = compare(first, cluster, server, "empty", runs)
        cluster.create_database("stocked", template="empty")
        feed(cluster.dsn("stocked"), server, first)
        kept &= compare(nightly, cluster, server, "stocked", runs)
    return kept


def case(name: str, path: Path, rows: int, raised: int = 0) -> Case:
    """Write a full snapshot with one row in a thousand bad; one in `raised` says one unit more than otherwise."""
    write_lines(path, HEADER, lines(rows, raised))
    return Case(name, "RESET_INVENTORY", path, rows, rows // 1000, "floor_reset.sql", COLUMNS)


def lines(rows: int, raised: int = 0) -> Iterator[str]:
    """The rows of a snapshot."""
    dice = random.Random(1)
    for row in range(rows):
        product, facility, units = row // FACILITIES, row % FACILITIES, dice.randint(0, 90)
        if raised and row % raised == 0:
            units += 1
        item = 999_999_999 if row % 1000 == 999 else FIRST_PRODUCT + product
        yield f"051-{product:05d}-G,{facility + 1},{units},{item}\n"
