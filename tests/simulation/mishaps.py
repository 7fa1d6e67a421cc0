"""Processes that die, pause and are overtaken, and that lose what they are connected to: at any boundary."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import paramiko
import psycopg
from psycopg.rows import TupleRow

from include.db.connection import connect, prepare
from include.shopify.access import Access
from include.shopify.client import Client, Document
from include.shopify.tokens import Token
from tests.simulation import sql_troubles
from tests.simulation.story import Mishap
from tests.simulation.thrift import cheaper

OF_SESSIONS = ("death", "SIGTERM", "lost connection", "crash of Postgres")
"""What may also befall a process after a statement; of the others, a statement is the one that fails."""

SECONDS_TO_RECOVER = 60.0


class Died(BaseException):
    """The process is gone. No handler of the library's may take it for an error."""


@dataclass
class Life:
    """One process, from its start to its end or its death.

    Attributes:
        mishap: What befalls it; None: nothing does.
        interruptions: What happens to the world while it stands at a boundary of Shopify's, by the boundary's number.
        in_transactions: The same at statements, within transactions or not.
        duplicates: The calls that arrive twice, if they are adjustments.
        hits: Counts each mishap as it happens.
    """

    hits: Counter[str]
    mishap: Mishap | None = None
    interruptions: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    in_transactions: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    duplicates: set[int] = field(default_factory=set)
    crossed: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    statements: int = 0
    is_dead: bool = False
    connection: SimulatedConnection | None = None

    @property
    def was_hit(self) -> bool:
        """Whether it came as far as its mishap."""
        return self.mishap is not None and self.crossed[self.mishap[1]] >= self.mishap[2]

    def cross(self, where: str) -> str | None:
        """Go on to the next boundary, if there is one in this life; says what else than death befalls it there."""
        if self.is_dead:
            raise Died
        self.crossed[where] += 1
        if self.mishap is None or (where, self.crossed[where]) != self.mishap[1:]:
            return None
        kind = self.mishap[0]
        self.hits[f"{kind} at a {where}"] += 1
        if kind == "death":
            self.die()
        if kind == "SIGTERM":
            raise SystemExit
        return kind

    def die(self) -> None:
        self.is_dead = True
        if self.connection is not None:
            self.connection.end()
        raise Died

    def before_call(self) -> bool:
        """Let the world go on before a call; says whether the call arrives twice."""
        self.cross("call")
        self.calls += 1
        for happen in self.interruptions.pop(self.calls, ()):
            happen()
        return self.calls in self.duplicates

    def before_statement(self) -> None:
        kind = self.cross("statement")
        if kind is not None and self.connection is not None:
            self.connection.suffer(kind)
        self.statements += 1
        for happen in self.in_transactions.pop(self.statements, ()):
            happen()

    def after_statement(self) -> None:
        """Die, or lose the connection with the answer. Other troubles are over by then: see `before_statement`."""
        if self.mishap is not None and self.mishap[0] in OF_SESSIONS:
            kind = self.cross("statement")
            if kind is not None and self.connection is not None:
                self.connection.suffer(kind)
                raise psycopg.OperationalError("the connection is lost: simulated, at the answer to a statement")


class SimulatedConnection(psycopg.Connection[TupleRow]):
    """A database connection of a process that may die, and that may break."""

    life: Life
    address: str
    backend: int

    @classmethod
    def open(cls, dsn: str) -> SimulatedConnection:
        opened = cls.connect(dsn, autocommit=True)
        prepare(opened)
        opened.execute(b"SET synchronous_commit = on")  # what is committed survives a crash
        opened.cursor_factory = SimulatedCursor
        opened.address, opened.backend = dsn, opened.info.backend_pid
        return opened

    def end(self) -> None:
        """Close it, and see that nothing is left of it in Postgres."""
        self.close()
        see_end(self.backend)

    def suffer(self, kind: str) -> None:
        """Run into a trouble of the database's: the real one, so whatever comes of it is real as well."""
        if kind == "crash of Postgres":
            crash(self.address, self.backend)
        elif kind != "lost connection":
            sql_troubles.bring_about(kind, self, self.address)
        else:
            with connect(self.address) as admin:
                admin.execute(b"SELECT pg_terminate_backend(%s)", [self.backend])
            see_end(self.backend)

    def _exec_command(self, command: Any, *arguments: Any, **options: Any) -> Generator[Any, Any, Any]:
        """Commit, and lose the answer."""
        answer = yield from super()._exec_command(command, *arguments, **options)
        if command == b"COMMIT" and self.life.cross("commit"):
            self.suffer("lost connection")
            raise psycopg.OperationalError("the connection is lost: simulated, at the answer to COMMIT")
        return answer


def see_end(backend: int) -> None:
    """Wait until a backend is gone, which does not take long: until then it may hold a lock of its session's."""
    until = time.monotonic() + SECONDS_TO_RECOVER
    while Path(f"/proc/{backend}").exists():
        assert time.monotonic() < until, f"backend {backend} has not ended within {SECONDS_TO_RECOVER} s"
        time.sleep(0.0005)


def crash(dsn: str, backend: int) -> None:
    """Kill a backend. All others end, and Postgres recovers from its log as after a crash of the machine's."""
    os.kill(backend, signal.SIGKILL)
    until = time.monotonic() + SECONDS_TO_RECOVER
    while True:
        assert time.monotonic() < until, f"Postgres has not recovered within {SECONDS_TO_RECOVER} s"
        with suppress(psycopg.OperationalError), connect(dsn) as opened:
            if opened.execute(b"SELECT FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone() is None:
                return
        time.sleep(0.02)


class SimulatedCursor(psycopg.Cursor[TupleRow]):
    """Dies before a statement or after it, so before its commit as well."""

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        life = self.connection.life  # type: ignore[attr-defined]
        life.before_statement()
        done = super().execute(cheaper(query) if isinstance(query, bytes) else query, *arguments, **options)
        life.after_statement()
        return done

    def executemany(self, *arguments: Any, **options: Any) -> None:
        self.connection.life.before_statement()  # type: ignore[attr-defined]
        super().executemany(*arguments, **options)

    def copy(self, *arguments: Any, **options: Any) -> Any:
        self.connection.life.before_statement()  # type: ignore[attr-defined]
        return super().copy(*arguments, **options)


class SimulatedClient(Client):
    """Shopify's client in a process that may die before a request leaves or before its answer is read."""

    life: Life
    before: Callable[[], None] = staticmethod(lambda: None)

    def let_in(self, access: Access, monotonic: Callable[[], float]) -> None:
        """Get in by an app's id and secret, or by a token that lasts."""
        self.access = access
        self._token = SimulatedToken(access, self._http, monotonic)
        self._token.client = self

    def _post(self, request: Document, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        twice = self.life.before_call()
        self.before()
        response = super()._post(request, body, headers)
        if twice and request.name == "InventoryAdjust" and _was_carried_out(response):
            self.life.hits["request arrives twice"] += 1
            super()._post(request, body, headers)
        self.life.cross("call")
        return response


class SimulatedToken(Token):
    """Counts how often a token is asked for."""

    client: SimulatedClient

    def _exchange(self) -> str:
        self.client.life.hits["token granted"] += 1
        return super()._exchange()


def _was_carried_out(response: httpx.Response) -> bool:
    """Whether a request was carried out and says so. What was refused is not repeated by any network."""
    return b'"userErrors":[]' in response.content and b'"errors"' not in response.content


class SimulatedSftp(paramiko.SFTPClient):
    """An SFTP connection of a process that may die before a request, and that may break there."""

    life: Life | None = None

    def _request(self, kind: Any, *arguments: Any) -> Any:
        if self.life is not None and self.life.cross("file"):
            channel = self.get_channel()
            assert channel is not None
            channel.get_transport().close()
        return super()._request(kind, *arguments)  # type: ignore[misc]
