"""Brings the database up to date: numbered `.sql` files, each applied once, in order, never changed afterwards.

python -m include.db.migrate DSN
"""

import hashlib
import sys
from pathlib import Path

from include.db.connection import connect

MIGRATIONS = Path(__file__).with_name("migrations")


class MigrationRefused(Exception):
    """The database and the migration files disagree about the past."""


def migrate(dsn: str) -> list[str]:
    """Apply the migrations that the database does not have yet, each in a transaction of its own.

    Args:
        dsn: The database to bring up to date.

    Returns:
        Names of the files applied now; empty if the database was up to date.

    Raises:
        MigrationRefused: A file that was applied earlier has changed or is gone.
    """
    files = {path.name: path.read_bytes() for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))}
    with connect(dsn) as connection:
        connection.execute(b"SELECT pg_advisory_lock(hashtextextended('trueup migrations', 0))")
        connection.execute(
            b"CREATE TABLE IF NOT EXISTS schema_migration ("
            b" name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied: dict[str, str] = dict(connection.execute(b"SELECT name, sha256 FROM schema_migration").fetchall())
        _check_past(applied, files)
        waiting = [name for name in files if name not in applied]
        for name in waiting:
            with connection.transaction():
                connection.execute(files[name])
                connection.execute(
                    b"INSERT INTO schema_migration (name, sha256) VALUES (%s, %s)",
                    [name, _sha256(files[name])],
                )
    return waiting


def _check_past(applied: dict[str, str], files: dict[str, bytes]) -> None:
    for name, digest in applied.items():
        if name not in files:
            raise MigrationRefused(
                f"{name} was applied to this database, but {MIGRATIONS.name}/ has no such file: deploy the version"
                " of Trueup that made this database, or a newer one"
            )
        if _sha256(files[name]) != digest:
            raise MigrationRefused(
                f"{MIGRATIONS.name}/{name} is not what was applied to this database: put the file back as it was"
                " and make the change in a new migration"
            )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    for applied_name in migrate(sys.argv[1]):
        print(f"applied {applied_name}")
