"""Databases for tests: copied from a migrated template, and brought back to it after each test instead of copied anew.

A copy costs the machine some three hundred files; what a test leaves behind is a few rows. So the rows that differ are
put right, and only a database whose schema a test has touched, or in which it made very many rows, is thrown away.
"""

import uuid
from dataclasses import dataclass, field

from psycopg import sql

from include.db.connection import Connection, connect
from include.sandbox.postgres import Cluster

MOST_PAGES = 200
"""Of 8 kB, in one table: beyond that a new copy is cheaper, and the planner's idea of the table is not passed on."""

# Everything that a test could have created, altered or dropped, in one value; statistics and sizes are left out.
_SCHEMA = b"""
SELECT md5(concat(
    (SELECT string_agg(concat_ws(',', oid, nspname, xmin), ';' ORDER BY oid) FROM pg_namespace
        WHERE nspname !~ '^pg_(toast_)?temp'),
    (SELECT string_agg(concat_ws(',', oid, relname, relkind, relpersistence, reloptions), ';' ORDER BY oid)
        FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't'),
    (SELECT string_agg(concat_ws(',', attrelid, attnum, col.xmin), ';' ORDER BY attrelid, attnum)
        FROM pg_attribute AS col INNER JOIN pg_class AS rel ON rel.oid = attrelid
        WHERE attrelid >= 16384 AND relpersistence <> 't'),
    (SELECT string_agg(concat_ws(',', oid, xmin), ';' ORDER BY oid) FROM pg_proc WHERE oid >= 16384),
    (SELECT string_agg(concat_ws(',', oid, xmin), ';' ORDER BY oid) FROM pg_trigger),
    (SELECT string_agg(concat_ws(',', oid, xmin), ';' ORDER BY oid) FROM pg_constraint WHERE oid >= 16384),
    (SELECT string_agg(concat_ws(',', oid, xmin), ';' ORDER BY oid) FROM pg_rewrite WHERE oid >= 16384),
    (SELECT string_agg(setting::text, ';') FROM pg_db_role_setting AS each, unnest(setconfig) AS setting
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
))
"""
_TABLES = b"""
SELECT relname, relpages > %s OR pg_relation_size(oid) > %s * 8192 FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_SEQUENCES = (
    b"SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
    b" WHERE schemaname = 'public' ORDER BY sequencename"
)


@dataclass
class Databases:
    """Copies of one template that tests take and give back."""

    cluster: Cluster
    template: str
    _free: list[str] = field(default_factory=list)
    _schema: str = ""
    _rows: dict[str, str] = field(default_factory=dict)
    _sequences: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def take(self) -> str:
        """The name of a database that is as the template is."""
        if self._free:
            return self._free.pop()
        name = f"test_{uuid.uuid4().hex}"
        with connect(self.cluster.dsn("postgres")) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(self.template)
                )
            )
        return name

    def give_back(self, name: str) -> None:
        """Make a database good for the next test, or drop it."""
        with connect(self.cluster.dsn("postgres")) as admin:
            admin.execute(
                b"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                b" WHERE datname = %s AND backend_type = 'client backend'",
                [name],
            )
            with connect(self.cluster.dsn(name)) as connection:
                restored = self._restore(connection)
            if restored:
                self._free.append(name)
            else:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def clear(self, name: str) -> None:
        """Take out the rows of a database that nobody is at work in, for a test of many examples in one database."""
        with connect(self.cluster.dsn(name)) as connection:
            assert self._restore(connection), f"{name}: an example has changed the schema or made very many rows"

    def remember(self, name: str) -> None:
        """Look at the first copy: what all others have to be like. A copy's row versions are those of the template."""
        with connect(self.cluster.dsn(name)) as connection:
            self._schema = _schema(connection)
            filled = _filled(connection, _tables(connection) or [])
            self._rows = {table: _content(connection, table) for table in filled}
            self._sequences = {row[0]: (row[1], row[2]) for row in connection.execute(_SEQUENCES)}

    def _restore(self, connection: Connection) -> bool:
        """Take the test's rows out; tells whether the database is as it was."""
        tables = _tables(connection)
        if tables is None or _schema(connection) != self._schema:
            return False
        with connection.transaction():
            # Without triggers and foreign keys: the ledger refuses to lose rows, and the order does not matter.
            connection.execute(b"SET LOCAL session_replication_role = replica")
            for table in _filled(connection, tables):
                if table in self._rows and _content(connection, table) == self._rows[table]:
                    continue
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table in self._rows.keys() - set(_filled(connection, list(self._rows))):
                connection.execute(
                    sql.SQL(
                        "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE"
                        " SELECT {1} FROM json_populate_recordset(NULL::{0}, %s)"
                    ).format(sql.Identifier(table), _given_columns(connection, table)),
                    [self._rows[table]],
                )
            for name, last, used in connection.execute(_SEQUENCES).fetchall():
                if (last, used) != self._sequences[name]:
                    connection.execute(b"SELECT setval(%s::regclass, %s, %s)", [name, *self._sequences[name]])
        return True


def _schema(connection: Connection) -> str:
    row = connection.execute(_SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def _tables(connection: Connection) -> list[str] | None:
    """All tables; None if one of them has become large."""
    found = connection.execute(_TABLES, [MOST_PAGES, MOST_PAGES]).fetchall()
    return None if any(large for _, large in found) else [table for table, _ in found]


def _filled(connection: Connection, tables: list[str]) -> list[str]:
    """Those of the tables that have rows."""
    if not tables:
        return []
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    query = sql.SQL(" UNION ALL ").join(one.format(sql.Literal(table), sql.Identifier(table)) for table in tables)
    return [row[0] for row in connection.execute(query)]


def _given_columns(connection: Connection, table: str) -> sql.Composed:
    """The columns of a table that are not computed."""
    rows = connection.execute(
        b"SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        b" AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return sql.SQL(", ").join(sql.Identifier(row[0]) for row in rows)


def _content(connection: Connection, table: str) -> str:
    """All rows of a table as JSON, in a set order."""
    query = sql.SQL("SELECT json_agg(each ORDER BY each::text)::text FROM {} AS each").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])
