"""What the simulator spares, and what it brings about, is what it says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus

from include.db.connection import Connection
from include.sandbox.postgres import Cluster
from tests.simulation import run, servers, sql_troubles, story, thrift
from tests.simulation.mishaps import Life
from tests.simulation.opening import Opening
from tests.simulation.servers import Servers
from tests.simulation.together import Together

INCLUDE = Path(__file__).resolve().parents[2] / "include"


@pytest.fixture(scope="module")
def running(state: Path, cluster: Cluster) -> Iterator[Servers]:
    with servers.running(state / "simulated-parts", cluster) as started:
        yield started


@pytest.fixture
def database(running: Servers) -> Opening:
    return running.database


def _rows(connection: Connection, schema: str) -> dict[str, list[str]]:
    tables = connection.execute(
        b"SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema]
    ).fetchall()
    query = sql.SQL("SELECT each::text FROM {} AS each ORDER BY 1")
    found = {name: connection.execute(query.format(sql.Identifier(schema, name))).fetchall() for (name,) in tables}
    return {name: [row[0] for row in rows] for name, rows in found.items() if rows}


def _sequences(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        b"SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()


def test_a_database_is_after_a_story_what_it_was_before(running: Servers) -> None:
    connection = running.database.look()
    rows, sequences = _rows(connection, "public"), _sequences(connection)
    told = next(told for told in map(story.tell, range(100)) if told.shops > 1 and len(told.events) < 12)
    run.play(running, told)
    connection = running.database.look()
    assert _rows(connection, "public") == rows == _rows(connection, "opening")
    assert _sequences(connection) == sequences


def test_each_temporary_table_is_kept_but_those_whose_columns_differ() -> None:
    dropped = {path: path.read_bytes().count(b"ON COMMIT DROP") for path in INCLUDE.rglob("*.sql")}
    for path, count in dropped.items():
        if count and path.parent.name != "migrations":
            made = thrift.cheaper(path.read_bytes())
            assert b"ON COMMIT DROP" not in made, path
            assert made.count(b";\nDELETE FROM ") == count, path
    assert sum(dropped.values()) > 20


@pytest.mark.parametrize("statement", [b"SELECT 1", b"ANALYZE VERBOSE movement", b"CREATE TEMP VIEW v AS SELECT 1"])
def test_other_statements_stay_as_they_are(statement: bytes) -> None:
    assert thrift.cheaper(statement) == statement


def test_a_temporary_table_that_is_made_again_is_empty(database: Opening) -> None:
    connection = database.open()
    connection.life = Life(Counter())
    found = []
    for _ in range(2):
        with connection.transaction():
            connection.execute(b"CREATE TEMP TABLE some_row (number integer) ON COMMIT DROP")
            connection.execute(b"INSERT INTO some_row VALUES (1)")
            found.append(connection.execute(b"SELECT count(*) FROM some_row").fetchone())
    database.take_back(connection)
    assert found == [(1,), (1,)]


def test_a_connection_that_is_taken_back_holds_nothing(database: Opening) -> None:
    first = database.open()
    psycopg.Cursor(first).execute(b"SELECT pg_advisory_lock(7)")
    database.take_back(first)
    assert database.look().execute(b"SELECT pg_try_advisory_lock(7), pg_advisory_unlock(7)").fetchone() == (True, True)
    again = database.open()
    assert again is first
    psycopg.Cursor(again).execute(b"BEGIN")
    database.take_back(again)
    assert again.closed


@pytest.mark.parametrize(
    ("kind", "code"),
    [*sql_troubles.RAISED.items(), ("deadlock", "40P01"), ("lock timeout", "55P03"), ("statement timeout", "57014")],
)
@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_trouble_of_postgres_is_the_one_named_and_leaves_nothing(
    database: Opening, kind: str, code: str, *, in_transaction: bool
) -> None:
    connection = database.open()
    cursor = psycopg.Cursor(connection)
    if in_transaction:
        cursor.execute(b"BEGIN")
    with pytest.raises(psycopg.Error) as trouble:
        sql_troubles.bring_about(kind, connection, database.dsn)
    assert trouble.value.sqlstate == code
    if in_transaction:
        assert connection.info.transaction_status == TransactionStatus.INERROR
        cursor.execute(b"ROLLBACK")
    limits = b"SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    assert cursor.execute(limits).fetchone() == ("0", "0")
    database.take_back(connection)


def _orders_of_arrival(seed: int, running: Servers) -> list[int]:
    """In which order eight calls arrive that are sent as delivery sends them."""
    together = Together(random.Random(seed), Counter())
    arrived: list[int] = []
    with together.at_work(running.fronts[0].client, Life(Counter())), together.threads() as threads:
        under_way = [threads.submit(arrived.append, number) for number in range(8)]
        while under_way:
            answered, _ = together.wait(under_way, None, "FIRST_COMPLETED")
            under_way = [call for call in under_way if call not in answered]
    return arrived


def test_calls_under_way_arrive_in_the_order_that_the_seed_decides(running: Servers) -> None:
    orders = [_orders_of_arrival(seed, running) for seed in range(5)]
    assert orders == [_orders_of_arrival(seed, running) for seed in range(5)]
    assert all(sorted(order) == list(range(8)) for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_of_the_calls_of_a_process_that_dies_some_arrive_and_some_do_not(running: Servers) -> None:
    client, arrived = running.fronts[0].client, 0
    for seed in range(20):
        together, life, calls = Together(random.Random(seed), Counter()), Life(Counter()), Counter[int]()
        with together.at_work(client, life):
            with together.threads() as threads:
                threads.submit(calls.update, [1])
                life.is_dead = True
            assert client.life is life
        arrived += calls[1]
    assert 0 < arrived < 20
