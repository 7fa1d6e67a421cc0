"""The one clock that several machines go by: the database's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # DAG files import this, and do without psycopg
    from include.db.connection import Connection


def now(connection: Connection) -> datetime:
    """The present, also within a transaction that began some time ago."""
    row = connection.execute(b"SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment
