"""Plays a story to the real code, and lets the auditor look on."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import cast
from unittest import mock

import psycopg

from include.channel.delivery.outbox import Fenced
from include.channel.planning import planner
from include.db.connection import Connection
from include.errors import NeedsAction, TryAgain
from include.intake import data_manager, remote
from include.jobs.webhook_receiver import Receiver
from include.shopify.errors import ShopifyError
from include.shopify.limiter import Limiter
from tests.simulation import clock, drops, hits, jobs, webhooks
from tests.simulation.auditor import Auditor
from tests.simulation.clock import Clock
from tests.simulation.jobs import Worker
from tests.simulation.mishaps import Died, Life, SimulatedClient, SimulatedConnection
from tests.simulation.retailer import Retailer
from tests.simulation.servers import Front, Servers, open_second_shop
from tests.simulation.story import CALL, OF_SERVER, Event, Mishap, Story
from tests.simulation.together import Together
from tests.simulation.truth import Truth
from tests.simulation.webhooks import Webhooks

EXPECTED = (ShopifyError, NeedsAction, TryAgain, Fenced, psycopg.OperationalError, *remote.TROUBLE)
"""What a job may fail with. Anything else is a bug."""

LONGEST_AHEAD = 5000
"""Seconds, after which every restock is due, and rows are let out of quarantine."""

OF_ALL_SHOPS = ("files", "findings", "tell_erp", "restocks")
"""Jobs that are done for all shops at once."""

EACH_ROUND = ("orders", *OF_ALL_SHOPS)
"""Jobs that run before each delta push while all comes to rest."""

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
    try:
        run = Run(servers, story)
        with (
            run.clock.believed(),
            run.together.instead_of_threads(),
            mock.patch.object(data_manager, "MOST_ATTEMPTS", 1000),
            mock.patch.object(planner, "MOST_ROWS", story.batch_rows),
        ):
            try:
                objections = run.to_the_end()
            finally:
                run.close()
        return Verdict(story, objections, run.hits)
    finally:
        servers.files.fail()
        servers.database.restore()


@dataclass
class Run:
    """One story under way. `eyes` is the connection of who looks on."""

    servers: Servers
    story: Story
    hits: Counter[str] = field(default_factory=Counter)
    _process: SimulatedConnection | None = None
    _objections: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.together = Together(random.Random(self.story.seed), self.hits)
        self.fronts = self.servers.fronts[: self.story.shops]
        self.clock = Clock([(front.shop, self.story.other_clock * front.number) for front in self.fronts])
        self.clock.start()
        self.eyes = self._open_eyes()
        self.eyes.execute(b"UPDATE shopify_shop SET transport = %s", [self.story.transport])
        if self.story.tells_erp:
            self.eyes.execute(b"UPDATE variance_feed SET export_from = %s", [clock.BEGINNING - timedelta(hours=1)])
        if len(self.fronts) > 1:
            open_second_shop(self.eyes)
        self.servers.home()
        for front in self.fronts:
            front.open(self.story, self.clock.monotonic)
            front.shop.before = self.clock.tell_shops
            for client in (front.client, front.rival):
                client.before = self.clock.tell_shops
                client.limiter = Limiter(clock=self.clock.monotonic, sleep=self.clock.advance)
        shops = {front.domain: (front.shop_id, [webhooks.SECRET]) for front in self.fronts}
        receiver = Receiver(lambda: nullcontext(self.eyes), lambda: shops)
        self.retailer = Retailer(
            self.servers,
            self.fronts,
            self.clock,
            drops.open_for(self.eyes, self.servers.home_folder, self.clock),
            [Webhooks(front.domain, receiver, Counter(front.opening)) for front in self.fronts],
            self.hits,
            Truth(knows_more_than_erp=self.story.tells_erp),
        )
        self.auditor = Auditor(self.eyes, self.fronts, self.retailer)

    def close(self) -> None:
        if self._process is not None:
            self.servers.database.take_back(self._process)

    def _open_eyes(self) -> Connection:
        eyes = self.servers.database.look()
        self.clock.watch(eyes)
        return eyes

    def to_the_end(self) -> list[str]:
        """Let everything happen, then heal all faults and see that all comes to rest."""
        for event in self.story.events:
            self._happen(event)
            if event.what == "job" and (objections := self._objections or self.auditor.objections()):
                return objections
        self._heal()
        return self._rest("push", edited_too=False) or self._rest("hard_sync", edited_too=True)

    def _heal(self) -> None:
        for front in self.fronts:
            for fault in front.shop.faults():
                self.hits[hits.fault(fault["kind"], fault)] += fault["hits"]
            front.shop.clear_faults()
            front.shop.settings(shop_status=None)
        self.servers.files.fail()
        self.clock.jump(0)
        self.clock.advance(60)
        self.retailer.ship_again()

    def _happen(self, event: Event) -> None:
        if event.what == "job":
            self._job(event)
        else:
            self.retailer.happen(event.what, event.about, event.shop)

    def _job(self, event: Event) -> None:
        name, mishap, twice = cast(tuple[str, Mishap | None, bool], event.about)
        life = Life(self.hits, mishap)
        for kind, number, meanwhile in event.meanwhile:
            happenings = life.interruptions if kind == CALL else life.in_transactions
            happenings.setdefault(number, []).append(partial(self._meanwhile, life, meanwhile))
        life.duplicates = set(range(1, 30)) if twice else set()
        connection = self._connection(life)
        front = self.fronts[event.shop]
        self.hits["job of another shop"] += event.shop
        self._work(name, life, front, front.client, connection)
        if life.was_hit:  # whatever has become of it: the next process opens one of its own
            connection.end()

    def _meanwhile(self, life: Life, event: Event) -> None:
        """Something happens to the world, or another process does, while one stands still."""
        if event.what == "rival":
            (keeps_connection,) = event.about
            self.hits["second sender"] += 1
            if not keeps_connection and life.connection is not None:
                life.connection.end()
            self._rival("deliver", self.fronts[event.shop], has_lock=not keeps_connection)
        elif event.what == "late_commit":
            self.hits["refresh before a commit"] += 1
            self._rival("push", self.fronts[event.shop], has_lock=True)
        else:
            self._happen(event)

    def _rival(self, name: str, front: Front, *, has_lock: bool) -> None:
        connection = self.servers.database.open()
        self.clock.watch(connection)
        psycopg.Cursor(connection).execute(b"SET lock_timeout = '200ms'")
        interrupted = self.servers.sftp.life
        try:
            life = Life(self.hits, connection=connection)
            connection.life = life
            self._work(name, life, front, front.rival, connection, has_lock=has_lock)
        finally:
            self.servers.sftp.life = interrupted
            self.servers.database.take_back(connection)

    def _work(
        self,
        name: str,
        life: Life,
        front: Front,
        client: SimulatedClient,
        connection: SimulatedConnection,
        *,
        has_lock: bool = True,
    ) -> None:
        plain = front.rival
        if plain is not client:
            plain.life = Life(Counter())
        self.servers.sftp.life = life
        worker = Worker(
            front.shop_id,
            connection,
            client,
            self.servers.sftp,
            plain,
            self.clock.advance,
            self.retailer.drops.filled,
            self.retailer.findings,
            self.retailer.drops.go_on,
            has_lock=has_lock,
        )
        try:
            with self.together.at_work(client, life):
                jobs.JOBS[name](worker)
        except (Died, SystemExit):
            pass
        except Exception as trouble:
            if not life.is_dead and not isinstance(trouble, EXPECTED):
                self._objections.append(f"crashed: {name} failed with {type(trouble).__name__}: {trouble}")
            self.hits[f"job failed: {_kind(trouble)}"] += not life.is_dead
        finally:
            self.servers.sftp.life = None
        if name in OF_SERVER and self.servers.connect_again() and (life.mishap or ("", ""))[1] != "file":
            self.hits["file server hung up"] += 1
        self._see()
        self.auditor.after_planning()

    def _see(self) -> None:
        """Whoever looks on connects again if Postgres has crashed."""
        try:
            self.eyes.execute(b"SELECT")
        except psycopg.OperationalError:
            self.auditor.connection = self.eyes = self._open_eyes()

    def _connection(self, life: Life) -> SimulatedConnection:
        if self._process is None or self._process.closed:
            self._process = self.servers.database.open()
            self.clock.watch(self._process)
        self._process.life = life
        life.connection = self._process
        return self._process

    def _rest(self, sync: str, *, edited_too: bool) -> list[str]:
        """Run jobs until nothing is left to do, then ask the auditor."""
        self.retailer.drops.filled |= set(self.retailer.drops.folders)
        before: object = None
        for _ in range(MOST_ROUNDS):
            self.clock.advance(LONGEST_AHEAD)
            for name in ("hard_sync",) if edited_too else (*EACH_ROUND, sync, "upload"):
                for shop in range(1 if name in OF_ALL_SHOPS else len(self.fronts)):
                    self._job(Event("job", (name, None, False), shop=shop))
            if self._objections:
                return self._objections
            left, to_observe, *state = self._state()
            if not left + edited_too * to_observe or state == before:
                break
            before = state
        return self.auditor.final_objections(edited_too=edited_too)

    def _state(self) -> tuple[int, ...]:
        """How much is left to do and to look at; and what changes as long as anything does."""
        row = self.eyes.execute(
            b"SELECT (SELECT count(*) FROM outbox_batch WHERE status_id IN ('PLANNED', 'SENDING', 'UNKNOWN'))"
            b" + (SELECT count(*) FROM scheduled_restock WHERE status_id = 'SCHEDULED')"
            b" + (SELECT count(*) FROM outbox_file WHERE status_id <> 'DONE')"
            b" + (SELECT count(*) FROM dirty_product)"
            b" + (SELECT count(*) FROM inventory_level WHERE target <> position),"
            b" (SELECT count(*) FROM inventory_level WHERE to_observe),"
            b" (SELECT count(*) FROM outbox_batch), (SELECT count(*) FROM inventory_item_detail),"
            b" (SELECT count(*) FROM inventory_level WHERE outbox_batch_id IS NULL AND target <> position)"
        ).fetchone()
        assert row is not None
        return *row, sum(len(front.shop.history()) for front in self.fronts)


def _kind(trouble: Exception) -> str:
    """What a job has failed with. By which words a lost connection is noticed is a matter of who notices first."""
    if isinstance(trouble, remote.TROUBLE):
        return "SFTP"
    has_answered = isinstance(trouble, psycopg.Error) and (trouble.sqlstate or "57")[:2] not in ("57", "08")
    is_lost = isinstance(trouble, psycopg.OperationalError) and not has_answered
    return "lost database" if is_lost else type(trouble).__name__
