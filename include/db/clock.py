"""The one clock that several machines go by: the database's."""

from datetime import datetime

from include.db.connection import Connection


def now(connection: Connection) -> datetime:
    """The present, also within a transaction that began some time ago."""
    row = connection.execute(b"SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment
