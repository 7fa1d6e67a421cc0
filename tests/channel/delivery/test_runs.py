"""What a run sends next, by what it has heard so far. The answers are given by the test, round by round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from concurrent import futures
from dataclasses import replace
from typing import Any

import pytest

from include.channel.delivery import bundles, delivery, outbox, preflight
from include.channel.delivery.delivery import Batch, Delivery
from include.channel.delivery.preflight import NotReady
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.channel.reconciliation.observation import Level
from include.shopify import inventory
from include.shopify.access import Access
from include.shopify.client import LONGEST_PAUSE, MOST_THROTTLED, Client, document
from include.shopify.errors import NotSent, OutcomeUnknown, RequestRefused, Throttled
from include.shopify.inventory import Adjusted, AdjustOutcome, BatchRefused, RowsRefused, Seen, SomeRowRefused, Stale
from include.shopify.limiter import Limiter
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

A, B, C, D, E, F, G, H = PRODUCTS = tuple(f"5000{number}" for number in range(1, 9))
SILENCE = OutcomeUnknown("no answer")
WRITE = document("InventoryAdjust")

Answer = AdjustOutcome | Exception


class Spent(Limiter):
    """A bucket without a bottom, that counts what is taken less what is given back."""

    points = 0.0

    def take(self, points: float) -> None:
        self.points += points

    def give_back(self, points: float) -> None:
        self.points -= points


class Shopify:
    """Answers each product's batch as told, in turn, and else says yes.

    Attributes:
        answers: What is still to be answered, by the first product of the batch.
        rounds: The first products of all batches that were under way whenever an answer was waited for.
        one_by_one: Whether one answer comes at a time, that of the oldest batch.
        is_down: Whether levels cannot be read.
        asked: What else Shopify was asked about.
        pauses: Seconds that the run has waited because it was asked to.
        spent: The points that it has taken of the bucket.
    """

    def __init__(self, books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spent = Spent()
        self.client = Client(Access("http://127.0.0.1:9", "token"), self.spent, most_under_way=4)
        self.client.version_served = self.client.access.api_version
        self.books = replace(books, client=self.client)
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.rounds: list[list[str]] = []
        self.one_by_one = False
        self.is_down = False
        self.asked: list[str] = []
        self.pauses: list[float] = []
        self._looked_at = -1
        self.client.limiter.sleep = self.pauses.append
        monkeypatch.setattr(preflight, "check", self._check)
        monkeypatch.setattr(bundles, "recognise", lambda *_: self.asked.append("bundles"))
        monkeypatch.setattr(inventory, "adjust", self._adjust)
        monkeypatch.setattr(observation, "read_levels", self._read_levels)
        monkeypatch.setattr(delivery, "wait", self._wait)

    def plan_anew(self, monkeypatch: pytest.MonkeyPatch, rows_per_batch: int) -> None:
        """Let what waits to be sent wait in other batches."""
        monkeypatch.setattr(planner, "MOST_ROWS", rows_per_batch)
        connection = self.books.connection
        for batch in outbox.planned(connection, SHOP):
            connection.execute(b"UPDATE outbox_batch SET status_id = 'REJECTED' WHERE outbox_batch_id = %s", [batch])
            connection.execute(b"UPDATE inventory_level SET outbox_batch_id = NULL WHERE outbox_batch_id = %s", [batch])
        planner.plan(connection, SHOP)

    def deliver(self) -> Delivery:
        return delivery.deliver(self.books.connection, SHOP, self.client)

    def _check(self, *_: object) -> preflight.Places:
        self.asked.append("the shop")
        return {ONLINE: ""}

    def _adjust(self, _client: Client, variables: str, _request: object) -> AdjustOutcome:
        (first, *_) = (product for product in PRODUCTS if f'"{item(product)}"' in variables)
        answer = self.answers[first].pop(0) if self.answers[first] else Adjusted()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _read_levels(self, _client: Client, levels: Collection[Level]) -> dict[Level, Seen]:
        self.asked += [level[0].rpartition("/")[2] for level in levels]
        if self.is_down:
            raise NotSent("no connection")
        return {level: Seen(10, 0, "", is_active=True, tracked=True, sku="") for level in levels}

    def _wait(
        self, calls: Mapping[futures.Future[Any], Batch], seconds: float | None, _when: str
    ) -> tuple[list[futures.Future[Any]], None]:
        """Nothing is answered as long as more can be sent."""
        if seconds is not None:
            assert seconds == 0, "what can be sent is sent at once"
            assert len(calls) != self._looked_at, "while nothing can be sent, it waits for an answer"
            self._looked_at = len(calls)
            return [], None
        self._looked_at = -1
        batches = [outbox.levels(self.books.connection, each.outbox_batch_id)[0][0] for each in calls.values()]
        self.rounds.append([batch.rpartition("/")[2] for batch in batches])
        answered = list(calls)[:1] if self.one_by_one else list(calls)
        futures.wait(answered)
        return answered, None


@pytest.fixture
def shopify(books: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shopify]:
    """A batch of +3 for each product, all of them checked of late."""
    asked = Shopify(books, monkeypatch)
    books.equip(dict.fromkeys(PRODUCTS, 10))
    books.connection.execute(b"UPDATE inventory_level SET target = 13, checked_at = now()")
    with asked.client:
        asked.plan_anew(monkeypatch, rows_per_batch=1)
        yield asked


def test_each_answer_makes_room_for_one_more(shopify: Shopify) -> None:
    assert shopify.deliver() == Delivery(confirmed=8, confirmed_rows=8)
    assert shopify.rounds == [[A], [B, C], [D, E, F, G], [H]], "at most four"
    assert shopify.asked == ["the shop"], "no bundles, as nothing was refused"
    assert shopify.spent.points == 8 * WRITE.cost


def test_a_run_without_batches_asks_nothing(shopify: Shopify) -> None:
    shopify.deliver()
    shopify.asked.clear()
    assert shopify.deliver() == Delivery()
    assert shopify.asked == []


def test_silence_leaves_room_for_one(shopify: Shopify) -> None:
    shopify.answers |= {C: [SILENCE]}
    assert shopify.deliver() == Delivery(confirmed=7, confirmed_rows=7, unknown=1)
    assert shopify.rounds == [[A], [B, C], [D], [E, F], [G, H]]


def test_three_silences_in_a_row_end_a_run_and_nothing_more_is_looked_at(
    shopify: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "BATCHES_AT_A_TIME", 7)
    shopify.books.connection.execute(b"UPDATE inventory_level SET checked_at = NULL WHERE product_id = %s", [H])
    shopify.answers |= {A: [SILENCE], B: [SILENCE], D: [SILENCE], E: [SILENCE], F: [SILENCE]}
    assert shopify.deliver() == Delivery(confirmed=1, confirmed_rows=1, unknown=5)
    assert shopify.rounds == [[A], [B], [C], [D, E], [F]], "an answer in between begins the count anew"
    assert shopify.asked == ["the shop"]


def test_a_plan_is_gone_through_part_by_part(shopify: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "BATCHES_AT_A_TIME", 3)
    shopify.books.connection.execute(b"UPDATE inventory_level SET checked_at = NULL WHERE product_id = %s", [H])
    assert shopify.deliver().confirmed == 8
    assert shopify.rounds == [[A], [B, C], [D, E, F], [G, H]]
    assert shopify.asked == ["the shop", H]


def test_a_batch_that_is_throttled_goes_again_after_the_longest_wait_that_was_asked_for(shopify: Shopify) -> None:
    shopify.answers |= {B: [Throttled("later", 7.0)], C: [Throttled("later", 3.0)]}
    assert shopify.deliver() == Delivery(confirmed=8, confirmed_rows=8)
    assert shopify.rounds[:3] == [[A], [B, C], [C]]
    assert shopify.pauses == [7.0]


def test_a_wait_begins_when_nothing_is_under_way(shopify: Shopify) -> None:
    shopify.one_by_one = True
    shopify.answers |= {C: [Throttled("later", 5.0)]}
    shopify.deliver()
    assert shopify.rounds == [[A], [B, C], [C, D, E], [D, E], [E], [C, F, G], [F, G, H], [G, H], [H]]


def test_long_waits_are_waited_as_long_as_one_of_them_is_the_last(shopify: Shopify) -> None:
    shopify.answers |= {A: [Throttled("later", LONGEST_PAUSE)] * (MOST_THROTTLED - 1)}
    assert shopify.deliver().confirmed == 8
    assert shopify.pauses == [LONGEST_PAUSE] * (MOST_THROTTLED - 1)


@pytest.mark.parametrize(("seconds", "times"), [(1.0, MOST_THROTTLED), (LONGEST_PAUSE + 1, 1)])
def test_a_run_that_is_throttled_again_and_again_or_for_too_long_ends(
    shopify: Shopify, seconds: float, times: int
) -> None:
    shopify.answers |= {A: [Throttled("later", seconds)] * times}
    with pytest.raises(Throttled):
        shopify.deliver()
    assert shopify.rounds == [[A]] * times
    assert shopify.books.batches() == ["PLANNED"] * 8


def test_after_a_refusal_of_the_request_nothing_more_is_sent_and_the_other_answers_are_written_down(
    shopify: Shopify,
) -> None:
    shopify.answers |= {B: [RequestRefused("no right to")]}
    with pytest.raises(RequestRefused, match="no right to"):
        shopify.deliver()
    assert shopify.rounds == [[A], [B, C]]
    assert shopify.books.batches() == ["CONFIRMED", "PLANNED", "CONFIRMED"] + ["PLANNED"] * 5


def test_a_refusal_of_a_batch_stops_the_run(shopify: Shopify) -> None:
    shopify.answers |= {B: [BatchRefused("odd")]}
    with pytest.raises(RequestRefused, match="odd; nothing of it was applied, its rows are planned anew"):
        shopify.deliver()
    assert shopify.books.batches() == ["CONFIRMED", "REFUSED", "CONFIRMED"] + ["PLANNED"] * 5


def test_an_answer_by_another_version_is_written_down_and_ends_the_run(shopify: Shopify) -> None:
    shopify.client.version_served = "2001-01"
    with pytest.raises(NotReady, match=r"nothing more was written\. API version .* was asked for and 2001-01 answered"):
        shopify.deliver()
    assert shopify.books.batches() == ["CONFIRMED"] + ["PLANNED"] * 7


def test_deltas_that_are_stale_five_times_are_left_to_the_next_plan(
    shopify: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopify.answers |= {A: [Stale()] * 6}
    assert shopify.deliver() == Delivery(confirmed=7, confirmed_rows=7, stale=6)
    assert [each for each in shopify.rounds if A in each] == [[A], [A, B], [A, C, D, E], [A, F, G, H], [A], [A]]
    shopify.plan_anew(monkeypatch, rows_per_batch=1)
    assert shopify.deliver() == Delivery(confirmed=1, confirmed_rows=1)


def test_a_stale_batch_whose_levels_cannot_be_read_again_is_planned_anew(
    shopify: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopify.answers |= {A: [Stale()]}
    shopify.is_down = True
    with pytest.raises(NotSent):
        shopify.deliver()
    assert shopify.asked == ["the shop", A]
    assert shopify.books.batches() == ["REFUSED"] + ["PLANNED"] * 7
    shopify.plan_anew(monkeypatch, rows_per_batch=8)
    assert shopify.deliver() == Delivery(confirmed=1, confirmed_rows=8)


def test_a_batch_that_was_overtaken_goes_on_without_the_rows_that_would_raise_a_level_too_far(
    shopify: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopify.plan_anew(monkeypatch, rows_per_batch=4)
    shopify.books.connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s", [A])
    assert shopify.deliver() == Delivery(confirmed=2, confirmed_rows=7)
    assert shopify.rounds == [[B], [E]], "before the others"
    assert shopify.spent.points == 2 * WRITE.cost, "what did not leave costs nothing"


def test_what_is_refused_goes_on_without_its_bad_rows(shopify: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = shopify.books.connection
    shopify.plan_anew(monkeypatch, rows_per_batch=3)
    shopify.answers |= {
        A: [RowsRefused({0: "bad", 2: "bad"})],
        D: [SomeRowRefused("odd"), Adjusted()],
        F: [SomeRowRefused("odd")],
    }
    assert shopify.deliver() == Delivery(confirmed=3, confirmed_rows=5, refused=3, quarantined_rows=3, unnamed_rows=1)
    rows = connection.execute(
        b"SELECT product_id, quarantine_reason FROM inventory_level WHERE quarantine_reason IS NOT NULL ORDER BY 1"
    ).fetchall()
    assert rows == [(A, "bad"), (C, "bad"), (F, "odd")]
    assert shopify.asked == ["the shop", "bundles"]


def test_a_refusal_that_names_no_row_and_meets_each_of_them_ends_the_run(
    shopify: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_UNNAMED", 3)
    shopify.answers |= {product: [SomeRowRefused("odd")] for product in (A, B, C, D)}
    with pytest.raises(RequestRefused, match=r"odd\. 3 rows were put into quarantine"):
        shopify.deliver()
    rows = shopify.books.connection.execute(
        b"SELECT product_id FROM inventory_level WHERE quarantine_reason IS NOT NULL ORDER BY 1"
    ).fetchall()
    assert [row[0] for row in rows] == [A, B, C]
    assert shopify.books.batches() == ["REFUSED"] * 4 + ["CONFIRMED"] * 3 + ["PLANNED"], "none is left under way"
