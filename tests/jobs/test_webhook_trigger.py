"""The trigger that watches the inbox of webhooks: what it tells of and when, and against the real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.channel.from_shopify import inbox
from include.channel.from_shopify.inbox import Waiting
from include.db.connection import Connection
from include.jobs.shops import shops_of_events
from include.jobs.webhook_trigger import LONGEST_PATIENCE, PATIENCE, SHORTEST, Told, due
from include.shopify import webhooks
from tests.jobs.own_airflow import oms_in_environment
from tests.jobs.trigger_process import TriggerProcess
from tests.webhooks import headers, level
from tests.world import SHOP, World

TRIGGER = "include.jobs.webhook_trigger.WebhookTrigger"


@dataclass
class Inbox:
    """The inbox, and a trigger that may be set on it."""

    process: TriggerProcess
    connection: Connection
    dsn: str

    def keep(self, webhook_id: str, shop_id: str = SHOP) -> None:
        body = level()
        told = {name.lower(): value for name, value in headers(body, webhook_id=webhook_id).items()}
        assert inbox.keep(self.connection, shop_id, webhooks.read(told, body))

    def watch(self, events: int) -> None:
        """Start the trigger, until it has fired so many events."""
        self.process.start({}, 60.0, oms_in_environment(self.dsn), TRIGGER, events)

    def told(self) -> list[dict[str, list[str]]]:
        return self.process.ended().events


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriggerProcess]:
    running = TriggerProcess(tmp_path_factory.mktemp("trigger"))
    yield running
    running.stop()


@pytest.fixture
def waiting(process: TriggerProcess, connection: Connection, world: World, dsn: str) -> Inbox:
    world.shop()
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('two', 'two.test', 'shopify_two')"
    )
    return Inbox(process, connection, dsn)


def test_it_tells_of_what_waited_before_it_began_and_of_what_comes_after_a_lost_connection(waiting: Inbox) -> None:
    waiting.keep("w1")
    waiting.watch(events=2)
    waiting.process.wait_for(f"messages of {SHOP} wait")
    ended = waiting.connection.execute(
        b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        b" WHERE datname = current_database() AND query LIKE '-- The shops with messages that wait%'"
    ).fetchall()
    assert ended == [(True,)], "it looks over one connection, which stays open"
    waiting.process.wait_for("the inbox of webhooks cannot be looked at")
    waiting.keep("w2", "two")
    assert waiting.told() == [{"shops": [SHOP]}, {"shops": ["two"]}]


def test_it_tells_once_more_when_the_messages_that_it_told_of_are_done(waiting: Inbox) -> None:
    waiting.keep("w1")
    waiting.watch(events=2)
    waiting.process.wait_for(f"messages of {SHOP} wait")
    assert inbox.work_off(waiting.connection, SHOP).ignored == 1
    waiting.keep("w2")
    assert waiting.told() == [{"shops": [SHOP]}] * 2


def test_the_newest_message_and_whether_the_one_told_of_waits(waiting: Inbox) -> None:
    assert inbox.waiting(waiting.connection, {}) == []
    waiting.keep("b")
    waiting.keep("a")
    waiting.keep("x", "two")
    two = Waiting("two", "x", waits_still=False)
    assert inbox.waiting(waiting.connection, {}) == [Waiting(SHOP, "a", waits_still=False), two]
    assert inbox.waiting(waiting.connection, {SHOP: "b", "two": "gone"}) == [Waiting(SHOP, "a", waits_still=True), two]
    inbox.work_off(waiting.connection, SHOP)
    waiting.keep("c")
    assert inbox.waiting(waiting.connection, {SHOP: "b"}) == [Waiting(SHOP, "c", waits_still=False), two]


def test_a_shop_of_which_nothing_gets_done_is_told_of_ever_less_often() -> None:
    told: dict[str, Told] = {}

    def is_told(second: int) -> bool:
        return bool(due([Waiting(SHOP, f"w{second}", waits_still=SHOP in told)], told, float(second)))

    between = [later - earlier for earlier, later in pairwise(filter(is_told, range(2000)))]
    assert between[:6] == [20, 40, 80, 160, 300, 300]
    assert set(between[4:]) == {LONGEST_PATIENCE}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.5, 30), st.sets(st.sampled_from("ab")), st.sets(st.sampled_from("ab"))), max_size=60)
)
def test_no_message_is_forgotten_and_no_shop_told_of_all_the_time(
    looks: list[tuple[float, set[str], set[str]]],
) -> None:
    """Each look some time after the one before, new messages of some shops, and some shops whose inbox was done."""
    told: dict[str, Told] = {}
    waiting: dict[str, int] = {}
    at: dict[str, float] = {}
    now, number = 0.0, 0
    for seconds, arrived, done in looks:
        now += seconds
        for shop in done:
            waiting.pop(shop, None)
        for shop in arrived:
            number += 1
            waiting.setdefault(shop, number)
        found = [
            Waiting(shop, str(number), waits_still=shop in told and int(told[shop].message) >= oldest)
            for shop, oldest in sorted(waiting.items())
        ]
        shops = due(found, told, now)
        for shop in shops:
            assert shop in waiting
            assert now - at.get(shop, -LONGEST_PATIENCE) >= SHORTEST
            at[shop] = now
        for each in found:
            silent = now - at.get(each.shop_id, float("-inf"))
            assert silent < (LONGEST_PATIENCE if each.waits_still else SHORTEST), "told of too late"
            assert each.waits_still or silent < PATIENCE


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([], None),
        ([{"shops": ["a"]}], {"a"}),
        ([{"shops": ["a"]}, {"shops": ["b", "a"]}], {"a", "b"}),
        ([{"shops": ["a"]}, None], None),
        ([{"shops": []}], None),
        ([{}], None),
    ],
)
def test_the_shops_that_events_name(payloads: list[dict[str, list[str]] | None], expected: set[str] | None) -> None:
    """An event by hand, or of another asset, names none: then it is about all of them."""
    events = [SimpleNamespace(extra={} if each is None else {"payload": each}) for each in payloads]
    assert shops_of_events({"webhooks_waiting": events} if events else None) == expected
