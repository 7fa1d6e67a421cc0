"""Carries bulk operations out, by the shop's clock and in small pieces, so that the shop goes on answering.

An operation is CREATED for `bulk_start_seconds`, then does `bulk_lines_per_second` lines. What is done is in the store
together with what it changed, so an operation that a stop or a kill interrupts goes on where the saved state is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from graphql import GraphQLError

from include.sandbox.shopify import document, engine
from include.sandbox.shopify.bulk.export import Export
from include.sandbox.shopify.bulk.files import Files
from include.sandbox.shopify.bulk.records import UNFINISHED, BulkOperation, Status
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.document import Prepared
from include.sandbox.shopify.scalars import timestamp
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.webhooks import payloads

PIECE_SECONDS = 0.01
"""Of the machine's time, after which waiting requests have their turn."""

log = logging.getLogger("trueup.sandbox.shopify")

RUN_TIME = {"MUTATION": 24 * 3600.0, "QUERY": 10 * 86400.0}
"""Documented: an operation that takes longer fails with TIMEOUT."""


class Mishaps(Protocol):
    """What can be made to go wrong; see `faults`."""

    def next_bulk(self, operation: str) -> tuple[int, bool] | None:
        """Return the line after which an operation is to fail, and whether what it did stays to be had."""

    def next_row(self) -> bool | None:
        """Say whether the next line is to answer an internal error, and whether applied: None, False or True."""


@dataclass(slots=True)
class Runner:
    """Carries out what is in the store."""

    store: Store
    settings: Settings
    files: Files
    mishaps: Mishaps
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look after all operations until cancelled."""
        while True:
            for operation in self.store.bulk.values():
                if operation.status in UNFINISHED and operation.id not in self._tasks:
                    task = asyncio.create_task(self._carry_out(operation))
                    self._tasks[operation.id] = task
                    task.add_done_callback(partial(self._forget, operation.id))
            await self.store.clock.doze()

    def _forget(self, operation_id: str, _done: asyncio.Task[None]) -> None:
        """A new shop may have given the id to another operation meanwhile, so look again."""
        self._tasks.pop(operation_id, None)
        self.store.clock.wake()

    async def _carry_out(self, operation: BulkOperation) -> None:
        clock = self.store.clock
        if operation.status == "CREATED" and operation.fails_after is None:
            mishap = self.mishaps.next_bulk(f"bulkOperationRun{operation.type.capitalize()}")
            if mishap:
                operation.fails_after, operation.keeps_partial = mishap
        while self._is(operation, "CREATED") and clock.now() < operation.created + self.settings.bulk_start_seconds:
            await clock.doze(operation.created + self.settings.bulk_start_seconds)
        if self._is(operation, "CREATED"):
            operation.status = "RUNNING"
            operation.started = min(clock.now(), operation.created + self.settings.bulk_start_seconds)
            self.store.dirty = True
        if self._is(operation, "RUNNING"):
            try:
                await self._work(operation)
            except GraphQLError as error:
                denied = (error.extensions or {}).get("code") == "ACCESS_DENIED"
                self._end(operation, "FAILED", "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR")
            except Exception:
                log.exception("the emulator failed in %s; this is a bug in it", operation.id)
                self._end(operation, "FAILED", "INTERNAL_SERVER_ERROR")
        if self._is(operation, "CANCELING"):
            self._end(operation, "CANCELED")

    def _is(self, operation: BulkOperation, status: Status) -> bool:
        """Say whether an operation is in a state, and its shop still there."""
        return self.store.bulk.get(operation.id) is operation and operation.status == status

    async def _work(self, operation: BulkOperation) -> None:
        """Do the lines, each when its time has come."""
        lines = self._lines(operation)
        path = self.files.results(operation.id)
        with path.open("ab") as out:
            out.truncate(operation.size)
        more = True
        while more and self._is(operation, "RUNNING"):
            more = self._piece(operation, lines)
            if more and self._is(operation, "RUNNING"):
                await self._wait(operation)
        if self._is(operation, "RUNNING"):
            self._end(operation, "COMPLETED")

    def _piece(self, operation: BulkOperation, lines: Iterator[bytes]) -> bool:
        """Do the lines that are due, for a moment; says whether there may be more. Nothing else runs meanwhile."""
        if self._fails(operation):
            return False
        until = time.monotonic() + PIECE_SECONDS
        last = (
            self._due(operation) if operation.fails_after is None else min(self._due(operation), operation.fails_after)
        )
        done = []
        more = True
        while more and operation.position < last and time.monotonic() < until:
            line = next(lines, None)
            if line is None:
                more = False
            else:
                done.append(line)
                operation.position += 1
        if done:
            with self.files.results(operation.id).open("ab") as out:
                operation.size += out.write(b"".join(done))
            self.store.dirty = True
        return more and not self._fails(operation)

    def _due(self, operation: BulkOperation) -> float:
        """Return how many lines may be done by now, one more than that to find the end."""
        assert operation.started is not None
        return round((self.store.now() - operation.started) * self.settings.bulk_lines_per_second, 3)

    def _fails(self, operation: BulkOperation) -> bool:
        """Let an operation fail if it is to: told so, out of time, or its input was touched (documented)."""
        upload = self.store.uploads.get(operation.upload or "")
        touched = operation.upload is not None and (upload is None or upload.etag != operation.etag)
        if touched or (operation.fails_after is not None and operation.position >= operation.fails_after):
            self._end(operation, "FAILED", "INTERNAL_SERVER_ERROR")
        elif self.store.now() - (operation.started or 0.0) > RUN_TIME[operation.type]:
            self._end(operation, "FAILED", "TIMEOUT")
        return operation.status == "FAILED"

    async def _wait(self, operation: BulkOperation) -> None:
        await asyncio.sleep(0)
        speed = self.settings.bulk_lines_per_second
        if operation.position >= self._due(operation):
            at = (operation.started or 0.0) + (operation.position + 1) / speed if speed else None
            await self.store.clock.doze(at)

    def _end(self, operation: BulkOperation, status: Status, error: str | None = None) -> None:
        operation.status, operation.error_code = status, error
        operation.completed = self.store.now()
        self.store.dirty = True
        if self.store.subscriptions:
            self.store.act()
            completed = timestamp(operation.completed) if status == "COMPLETED" else None
            created = timestamp(operation.created)
            self.store.tell("BULK_OPERATIONS_FINISH", payloads.bulk_finished(operation, created, completed))

    def _lines(self, operation: BulkOperation) -> Iterator[bytes]:
        context = Context(
            self.store, self.settings, self.files, version=operation.version, scopes=tuple(operation.scopes)
        )
        prepared = document.prepare(operation.version, operation.query)
        if operation.type == "QUERY":
            # An export begins anew: it changes nothing, and the shop has gone on.
            operation.position = operation.objects = operation.root_objects = operation.size = 0
            return self._exported(operation, Export(prepared, context))
        return self._mutated(operation, prepared, context)

    def _exported(self, operation: BulkOperation, export: Export) -> Iterator[bytes]:
        for line in export.lines(grouped=operation.grouped):
            operation.objects += 1
            operation.root_objects += "__parentId" not in line
            yield json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    def _mutated(self, operation: BulkOperation, prepared: Prepared, context: Context) -> Iterator[bytes]:
        """Run the lines. They are not worked through one after another (documented), so nor are they here."""
        lines = self.files.upload(operation.upload or "").read_bytes().splitlines()
        order = [number for number, line in enumerate(lines) if line.strip()]
        if self.settings.bulk_shuffle:
            random.Random(operation.id).shuffle(order)  # noqa: S311 - the same order again after a restart
        for number in order[operation.position :]:
            answer = self._row(prepared, lines[number], context)
            operation.objects += 1
            operation.root_objects += 1
            text = json.dumps({**answer, "__lineNumber": number}, separators=(",", ":"), ensure_ascii=False)
            yield text.replace("/", "\\/").encode() + b"\n"  # slashes are escaped (recorded on 2026-04)

    def _row(self, prepared: Prepared, line: bytes, context: Context) -> dict[str, Any]:
        """Run one line; whatever is wrong with it is told in its result (documented; a parse error's text inferred)."""
        try:
            raw = json.loads(line)
            if not isinstance(raw, dict):
                raise ValueError(f"expected an object, got {type(raw).__name__}")
        except ValueError as error:
            return {"errors": [{"message": f"Failed to parse the line - {error}"}]}
        fault = self.mishaps.next_row()
        if fault is False:
            return engine.internal_error().body
        context.raw_variables = raw
        answer = engine.run_row(prepared, raw, context)
        return engine.internal_error().body if fault else answer
