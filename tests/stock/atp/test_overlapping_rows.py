"""A facility is in a group once at a time, and a location mapped once: a unit would be promised twice."""

from __future__ import annotations

import threading

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.sandbox import readiness
from tests.world import ONLINE, World


@pytest.fixture
def shop(world: World) -> World:
    """Two stores, one of them sells online."""
    world.shop()
    world.facility("BROADWAY")
    world.facility("PEARL")
    world.facility("_NA_", "VIRTUAL_FACILITY")
    world.channel("ONLINE", ONLINE, ["BROADWAY"], queue="_NA_")
    return world


def is_waited_for(connection: Connection) -> bool:
    """Whether somebody waits for a transaction of this database's to end."""
    waiting = connection.execute(
        b"SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
        b" (SELECT oid FROM pg_database WHERE datname = current_database())"
        b" OR NOT granted AND locktype = 'transactionid'"
    ).fetchone()
    return waiting != (0,)


def test_a_facility_cannot_be_a_member_twice_at_once(connection: Connection, shop: World) -> None:
    with pytest.raises(psycopg.errors.ExclusionViolation, match="facility BROADWAY is in group ONLINE already"):
        connection.execute(
            b"INSERT INTO facility_group_member (facility_group_id, facility_id, from_date)"
            b" VALUES ('ONLINE', 'BROADWAY', now() - interval '1 day')"
        )


def test_of_two_memberships_at_the_same_moment_one_is_refused(dsn: str, connection: Connection, shop: World) -> None:
    """Neither sees the other's row, so that only the constraint can refuse."""
    add = (
        b"INSERT INTO facility_group_member (facility_group_id, facility_id, from_date) VALUES ('ONLINE', 'PEARL', %s)"
    )
    refused: list[type[Exception]] = []

    def second() -> None:
        with connect(dsn) as other:
            try:
                other.execute(add, ["2026-02-01"])
            except psycopg.Error as error:
                refused.append(type(error))

    with connection.transaction():
        connection.execute(add, ["2026-01-01"])
        rival = threading.Thread(target=second)
        rival.start()
        readiness.wait_until("the second one to wait for the first", lambda: is_waited_for(connection), wait_s=20)
    rival.join()
    assert refused == [psycopg.errors.ExclusionViolation]


def test_a_location_cannot_be_mapped_twice(shop: World) -> None:
    with pytest.raises(Exception, match="is mapped twice"):
        shop.channel("AGAIN", ONLINE, ["BROADWAY"], queue="_NA_")
