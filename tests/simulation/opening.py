"""The database in which all stories begin: brought back to its beginning after each, by one call.

`tests.databases` does the same for any database and whatever a test has done to it. A story makes no tables, so it is
known beforehand what there is to clear, and the clearing is a function in the database: a tenth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from include.db.connection import Connection, connect
from include.sandbox.postgres import Cluster
from tests.simulation.mishaps import SimulatedConnection

QUICKLY = "-c jit=off -c join_collapse_limit=1 -c from_collapse_limit=1 -c search_path=clock,public,pg_catalog"
"""What SQL calls now is the clock's. Joins of a few rows are made as they are written: planning them well takes ten
times as long as carrying them out badly."""

_TABLES = b"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
_COLUMNS = (
    b"SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    b" AND attgenerated = '' ORDER BY attnum"
)
_SEQUENCES = (
    b"SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
    b" WHERE schemaname = 'public' ORDER BY sequencename"
)
_ROWS = "SELECT md5(string_agg(each::text, ';' ORDER BY each::text)) FROM {} AS each"


@dataclass
class Opening:
    """One database that stories take place in, one after the other.

    Attributes:
        eyes: The connection of who looks on, from story to story.
        spare: Connections of processes that have ended well.
    """

    cluster: Cluster
    name: str
    eyes: Connection | None = None
    spare: list[SimulatedConnection] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        """Where it is, with the settings of whoever connects."""
        options = QUICKLY.replace(" ", "%20").replace("=", "%3D").replace(",", "%2C")
        return f"{self.cluster.dsn(self.name)}?options={options}"

    def look(self) -> Connection:
        """An open connection for who looks on."""
        if self.eyes is None or not _is_open(self.eyes):
            self.eyes = connect(self.dsn)
            self.eyes.execute(b"SET synchronous_commit = on")
        return self.eyes

    def open(self) -> SimulatedConnection:
        """A connection for a process."""
        while self.spare:
            connection = self.spare.pop()
            if _is_open(connection):
                return connection
        return SimulatedConnection.open(self.dsn)

    def take_back(self, connection: SimulatedConnection) -> None:
        """Keep a connection for the next process, as new, if it is still open and in no transaction."""
        if not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE:
            try:
                psycopg.Cursor(connection).execute(b"SELECT pg_advisory_unlock_all()")
                psycopg.Cursor(connection).execute(b"RESET lock_timeout")
            except psycopg.OperationalError:
                connection.end()
            else:
                self.spare.append(connection)
        else:
            connection.end()

    def restore(self) -> None:
        """Make all rows and sequences what they were at the beginning."""
        self.look().execute(b"SELECT opening.restore()")

    def close(self) -> None:
        """Let go of all connections."""
        for connection in (*self.spare, *([self.eyes] if self.eyes else [])):
            connection.close()


def _is_open(connection: Connection) -> bool:
    try:
        psycopg.Cursor(connection).execute(b"SELECT")
    except psycopg.OperationalError:
        connection.close()
        return False
    return True


def remember(connection: Connection) -> None:
    """Keep the present rows and sequences of a database in it, and a function that brings them back."""
    connection.execute(b"CREATE SCHEMA opening")
    tables = [row[0] for row in connection.execute(_TABLES)]
    steps = [step for table in tables for step in _steps(connection, table)]
    for name, last, used in connection.execute(_SEQUENCES).fetchall():
        steps.append(sql.SQL("PERFORM setval({}::regclass, {}, {})").format(f"public.{name}", last, used))
    connection.execute(
        sql.SQL(
            "CREATE FUNCTION opening.restore() RETURNS void LANGUAGE plpgsql"
            # Without triggers and foreign keys: the ledger refuses to lose rows, and the order does not matter.
            " SET search_path = public SET session_replication_role = replica AS {}"
        ).format(sql.SQL("; ").join([sql.SQL("BEGIN NULL"), *steps, sql.SQL("END")]).as_string(connection))
    )


def _steps(connection: Connection, table: str) -> list[sql.Composed]:
    """What brings back the rows of one table; those that are as they were are not written."""
    here, kept = sql.Identifier(table), sql.Identifier("opening", table)
    clear = sql.SQL("DELETE FROM {}").format(here)
    rows = connection.execute(sql.SQL(_ROWS).format(here)).fetchone()
    if rows is None or rows[0] is None:
        return [sql.SQL("IF EXISTS (SELECT FROM {}) THEN {}; END IF").format(here, clear)]
    columns = sql.SQL(", ").join(sql.Identifier(row[0]) for row in connection.execute(_COLUMNS, [table]))
    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, here))
    fill = sql.SQL("INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM {2}").format(here, columns, kept)
    same = sql.SQL("({}) IS NOT DISTINCT FROM {}").format(sql.SQL(_ROWS).format(here), rows[0])
    return [sql.SQL("IF NOT ({}) THEN {}; {}; END IF").format(same, clear, fill)]
