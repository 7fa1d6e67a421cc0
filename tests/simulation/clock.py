"""One time for the shop, the database and the library. It stands still until it is told to move."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from typing import Any
from unittest import mock

import psycopg
from psycopg.pq import TransactionStatus

from include.channel.order_import import orders
from include.db.connection import Connection
from include.intake import process
from include.intake.feeds import order_fulfillment
from tests.simulation.shop import Shop

BEGINNING = datetime(2026, 1, 5, 8, 0, 0, 500_000, tzinfo=UTC)
"""Half past a second: Shopify writes whole seconds, and setting its clock takes some milliseconds."""

SQL = b"""
CREATE SCHEMA clock;
CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql
    AS $$SELECT current_setting('clock.now')::timestamptz$$;
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS $$SELECT current_setting('clock.now')::timestamptz$$;
"""
"""What SQL calls now is the simulator's: a run takes hours that nobody waits for."""

TELLS_THE_TIME = (orders, process, order_fulfillment)
"""Modules that ask Python for the time."""


@dataclass
class Clock:
    """The present of one run, told to everybody who asks for it.

    Attributes:
        shops: The shops, and the seconds by which each one's clock is ahead.
        skew: Seconds by which the clock of Trueup's machines is ahead of everybody else's.
    """

    shops: list[tuple[Shop, int]]
    elapsed: int = 0
    skew: int = 0
    _untold: int = 0
    _connections: list[Connection] = field(default_factory=list)

    def start(self) -> None:
        """Set the shops' clocks to the beginning, standing still. What was still to happen there happens before."""
        for shop, ahead in self.shops:
            shop.advance(10_000)
            shop.settings(clock_rate=0, clock_offset=BEGINNING.timestamp() - time.time() + ahead)

    @property
    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.elapsed)

    @property
    def trueups(self) -> datetime:
        """What Trueup's machines take for the present."""
        return self.now + timedelta(seconds=self.skew)

    def monotonic(self) -> float:
        """Seconds since the beginning, for who counts them."""
        return float(self.elapsed)

    def advance(self, seconds: float) -> None:
        """Let time pass, in whole steps of two seconds: what happens on files' side has the odd ones."""
        step = 2 * max(1, ceil(seconds / 2))
        self.elapsed += step
        self._untold += step
        self._tell_all()

    def jump(self, seconds: int) -> None:
        """Put the clock of Trueup's machines so far ahead of the true time, or behind it."""
        self.skew = seconds
        self._tell_all()

    def tell_shops(self) -> None:
        """Let the shops know the time, before one is asked for anything."""
        if self._untold:
            step, self._untold = self._untold, 0
            for shop, _ in self.shops:
                shop.advance(step)

    def watch(self, connection: Connection) -> None:
        """Let a connection know the time from now on."""
        self._connections.append(connection)
        self.tell(connection)

    def tell(self, connection: Connection) -> None:
        """Let a connection know the time now."""
        psycopg.Cursor(connection).execute(b"SELECT set_config('clock.now', %s, FALSE)", [self.trueups.isoformat()])

    def _tell_all(self) -> None:
        self._connections = [each for each in self._connections if not each.closed]
        for connection in self._connections:
            if connection.info.transaction_status == TransactionStatus.IDLE:
                with suppress(psycopg.OperationalError):  # broken, and not noticed yet
                    self.tell(connection)

    @contextmanager
    def believed(self) -> Iterator[None]:
        """Let the library's Python believe this clock."""
        clock = self

        class Simulated(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return clock.trueups.astimezone(tz)

        patches = [mock.patch.object(module, "datetime", Simulated) for module in TELLS_THE_TIME]
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in patches:
                each.stop()
