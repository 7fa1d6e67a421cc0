"""Plays a story to the real code, and lets the auditor look on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from unittest import mock

import psycopg

from include.channel.outbox import Fenced
from include.db.connection import Connection, connect
from include.errors import NeedsAction, TryAgain
from include.intake import data_manager, remote
from include.shopify.errors import ShopifyError
from include.shopify.limiter import Limiter
from tests.simulation import hits, jobs
from tests.simulation import retailer as retailers
from tests.simulation.auditor import Auditor
from tests.simulation.clock import Clock
from tests.simulation.jobs import Worker
from tests.simulation.mishaps import Died, Life, SimulatedClient, SimulatedConnection
from tests.simulation.retailer import Retailer
from tests.simulation.servers import Servers
from tests.simulation.story import CALL, Event, Story

EXPECTED = (ShopifyError, NeedsAction, TryAgain, Fenced, psycopg.OperationalError, *remote.TROUBLE)
"""What a job may fail with. Anything else is a bug."""

LONGEST_AHEAD = 1000
"""Seconds, after which every restock is due."""

MOST_ROUNDS = 12
"""Rounds of all jobs after the last fault, by which everything has come to rest."""


@dataclass
class Verdict:
    """What became of a story: what the auditor objects to, and how often each kind of mishap was met."""

    story: Story
    objections: list[str]
    hits: Counter[str]


def play(servers: Servers, story: Story) -> Verdict:
    """Play a story from its first event to rest; the first objection ends it."""
    name = servers.databases.take()
    try:
        with connect(servers.cluster.dsn(name)) as eyes:
            run = Run(servers, story, servers.cluster.dsn(name), eyes)
            with run.clock.believed(), mock.patch.object(data_manager, "MOST_ATTEMPTS", 1000):
                try:
                    objections = run.to_the_end()
                finally:
                    run.close()
            return Verdict(story, objections, run.hits)
    finally:
        servers.sftp.life = None
        servers.databases.give_back(name)


@dataclass
class Run:
    """One story under way."""

    servers: Servers
    story: Story
    dsn: str
    eyes: Connection
    hits: Counter[str] = field(default_factory=Counter)
    _process: SimulatedConnection | None = None
    _objections: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(self.servers.shopify)
        self.clock.start()
        self.servers.open_shop(self.story.replay, self.story.order_search_lag)
        self.servers.home()
        self.clock.watch(self.eyes)
        for client in (self.servers.client, self.servers.rival):
            client.limiter = Limiter(clock=self.clock.monotonic, sleep=self.clock.advance)
        folders = retailers.folders(self.eyes)
        self.retailer = Retailer(self.servers, self.clock, folders, self.hits)
        self.auditor = Auditor(self.eyes, self.servers.shopify, self.retailer)

    def close(self) -> None:
        if self._process is not None:
            self._process.close()

    def to_the_end(self) -> list[str]:
        """Let everything happen, then heal all faults and see that all comes to rest."""
        for event in self.story.events:
            self._happen(event)
            if event.what == "job" and (objections := self._objections or self.auditor.objections()):
                return objections
        self._count_faults()
        self.servers.shopify.clear_faults()
        return self._rest("push", edited_too=False) or self._rest("hard_sync", edited_too=True)

    def _happen(self, event: Event) -> None:
        if event.what == "job":
            self._job(event)
        else:
            self.retailer.happen(event.what, event.about)

    def _job(self, event: Event) -> None:
        name, death, twice = cast(tuple[str, tuple[str, int] | None, bool], event.about)
        life = Life(self.hits, death)
        for kind, number, meanwhile in event.meanwhile:
            happenings = life.interruptions if kind == CALL else life.in_transactions
            happenings.setdefault(number, []).append(partial(self._meanwhile, life, meanwhile))
        life.duplicates = set(range(1, 30)) if twice else set()
        self._work(name, life, self.servers.client, self._connection(life))

    def _meanwhile(self, life: Life, event: Event) -> None:
        """Something happens to the world, or another process does, while one stands still."""
        if event.what == "rival":
            (keeps_connection,) = event.about
            self.hits["second sender"] += 1
            if not keeps_connection and life.connection is not None:
                life.connection.close()
            self._rival("deliver", has_lock=not keeps_connection)
        elif event.what == "late_commit":
            self.hits["refresh before a commit"] += 1
            self._rival("push", has_lock=True)
        else:
            self._happen(event)

    def _rival(self, name: str, *, has_lock: bool) -> None:
        connection = SimulatedConnection.open(self.dsn)
        self.clock.watch(connection)
        psycopg.Cursor(connection).execute(b"SET lock_timeout = '200ms'")
        sftp_life = self.servers.sftp.life
        try:
            life = Life(self.hits, connection=connection)
            connection.life = life
            self._work(name, life, self.servers.rival, connection, has_lock=has_lock)
        finally:
            self.servers.sftp.life = sftp_life
            connection.close()

    def _work(
        self,
        name: str,
        life: Life,
        client: SimulatedClient,
        connection: SimulatedConnection,
        *,
        has_lock: bool = True,
    ) -> None:
        client.life = life
        plain = self.servers.rival
        if plain is not client:
            plain.life = Life(Counter())
        self.servers.sftp.life = life
        worker = Worker(
            connection,
            client,
            self.servers.sftp,
            plain,
            self.clock.advance,
            self.retailer.dropped,
            has_lock=has_lock,
        )
        try:
            jobs.JOBS[name](worker)
        except Died:
            pass
        except Exception as trouble:
            if not life.is_dead and not isinstance(trouble, EXPECTED):
                self._objections.append(f"crashed: {name} failed with {type(trouble).__name__}: {trouble}")
                print(name, repr(trouble)[:300])
            self.hits[f"job failed with {type(trouble).__name__}"] += not life.is_dead
        finally:
            self.servers.sftp.life = None
        self.auditor.after_planning()

    def _connection(self, life: Life) -> SimulatedConnection:
        if self._process is None or self._process.closed:
            self._process = SimulatedConnection.open(self.dsn)
            self.clock.watch(self._process)
        self._process.life = life
        life.connection = self._process
        return self._process

    def _rest(self, sync: str, *, edited_too: bool) -> list[str]:
        """Run all jobs until nothing changes any more, then ask the auditor."""
        self.retailer.dropped |= set(self.retailer.folders)
        self.clock.advance(LONGEST_AHEAD)
        before: object = None
        for _ in range(MOST_ROUNDS):
            self.clock.advance(60)
            for name in ("files", "restocks", "orders", sync, "upload"):
                self._job(Event("job", (name, None, False)))
            if self._objections:
                return self._objections
            state = self._state()
            if state == before:
                break
            before = state
        return self.auditor.final_objections(edited_too=edited_too)

    def _state(self) -> object:
        rows = self.eyes.execute(
            b"SELECT (SELECT count(*) FROM outbox_batch), (SELECT count(*) FROM inventory_item_detail),"
            b" (SELECT count(*) FROM outbox_batch WHERE status_id IN ('PLANNED', 'SENDING', 'UNKNOWN')),"
            b" (SELECT count(*) FROM scheduled_restock WHERE status_id = 'SCHEDULED'),"
            b" (SELECT string_agg(concat_ws(',', inventory_item_id, location_id, position, target), ';' ORDER BY 1)"
            b" FROM (SELECT * FROM inventory_level ORDER BY inventory_item_id, location_id) AS each)"
        )
        return rows.fetchone(), len(self.servers.shopify.history())

    def _count_faults(self) -> None:
        for fault in self.servers.shopify.faults():
            self.hits[hits.fault(fault["kind"], fault)] += fault["hits"]
