"""Processes that die, pause and are overtaken: at any statement, call to Shopify or request to the SFTP server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import paramiko
import psycopg
from psycopg.rows import TupleRow

from include.db.connection import prepare
from include.shopify.client import Client, Document

BOUNDARIES = ("statement", "call", "file")
"""Where a process may die: before and after a statement, before and after a call to Shopify, at an SFTP request."""


class Died(BaseException):
    """The process is gone. No handler of the library's may take it for an error."""


@dataclass
class Life:
    """One process, from its start to its end or its death.

    Attributes:
        death: The kind of boundary and its number, at which it dies; None: it does not.
        interruptions: What happens to the world while it stands at a boundary of Shopify's, by the boundary's number.
        in_transactions: The same at statements, within transactions or not.
        duplicates: The calls that arrive twice, if they are adjustments.
        hits: Counts each mishap as it happens.
    """

    hits: Counter[str]
    death: tuple[str, int] | None = None
    interruptions: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    in_transactions: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    duplicates: set[int] = field(default_factory=set)
    crossed: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    statements: int = 0
    is_dead: bool = False
    connection: SimulatedConnection | None = None

    def cross(self, where: str) -> None:
        """Go on to the next boundary, if there is one in this life."""
        if self.is_dead:
            raise Died
        self.crossed[where] += 1
        if (where, self.crossed[where]) == self.death:
            self.hits[f"death at a {where}"] += 1
            self.die()

    def die(self) -> None:
        self.is_dead = True
        if self.connection is not None:
            self.connection.close()
        raise Died

    def before_call(self) -> bool:
        """Let the world go on before a call; says whether the call arrives twice."""
        self.cross("call")
        self.calls += 1
        for happen in self.interruptions.pop(self.calls, ()):
            happen()
        return self.calls in self.duplicates

    def before_statement(self) -> None:
        self.cross("statement")
        self.statements += 1
        for happen in self.in_transactions.pop(self.statements, ()):
            happen()


class SimulatedConnection(psycopg.Connection[TupleRow]):
    """A database connection of a process that may die."""

    life: Life

    @classmethod
    def open(cls, dsn: str) -> SimulatedConnection:
        opened = cls.connect(dsn, autocommit=True)
        prepare(opened)
        opened.cursor_factory = SimulatedCursor
        return opened


class SimulatedCursor(psycopg.Cursor[TupleRow]):
    """Dies before a statement or after it, so before its commit as well."""

    def execute(self, *arguments: Any, **options: Any) -> Any:
        life = self.connection.life  # type: ignore[attr-defined]
        life.before_statement()
        done = super().execute(*arguments, **options)
        life.cross("statement")
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

    def _post(self, request: Document, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        twice = self.life.before_call()
        response = super()._post(request, body, headers)
        if twice and request.name == "InventoryAdjust":
            self.life.hits["request arrives twice"] += 1
            super()._post(request, body, headers)
        self.life.cross("call")
        return response


class SimulatedSftp(paramiko.SFTPClient):
    """An SFTP connection of a process that may die before a request."""

    life: Life | None = None

    def _request(self, kind: Any, *arguments: Any) -> Any:
        if self.life is not None:
            self.life.cross("file")
        return super()._request(kind, *arguments)  # type: ignore[misc]
