"""When a plan waits for somebody, who asks about it, and what a decision does."""

from __future__ import annotations

from typing import Any

import pytest

from include.channel.planning import breaker, planner
from include.channel.planning.breaker import NotHeld, Thresholds, Vanishing
from tests.scenarios.store import Store
from tests.world import ONLINE, SHOP

P, Q, R, S, T = PRODUCTS = ("50001", "50002", "50003", "50004", "50005")
USUAL = Thresholds(least_rows=100, share=0.3, location_share=0.9, rows_factor=10)


@pytest.mark.parametrize(
    ("rows", "usual", "vanishing", "waits"),
    [
        (99, 1, [("A", 1000, 1000)], False),
        (100, 0, [("A", 1000, 301)], True),
        (100, 0, [("A", 1000, 300)], False),
        (100, 0, [], False),
        (100, 0, [("A", 0, 0)], False),
        (100, 0, [("A", 2, 1)], True),
        (100, 0, [("A", 1000, 250), ("B", 1000, 350)], False),
        (100, 0, [("A", 1000, 251), ("B", 1000, 350)], True),
        (100, 0, [("A", 10_000, 0), ("B", 1000, 901)], True),
        (100, 0, [("A", 10_000, 0), ("B", 1000, 900)], False),
        (100, 0, [("A", 10_000, 0), ("B", 100, 100)], True),
        (100, 0, [("A", 10_000, 0), ("B", 99, 99)], False),
        (200, 20, [], False),
        (201, 20, [], True),
    ],
)
def test_a_plan_waits_beyond_each_threshold_but_not_at_it(
    rows: int, usual: int, vanishing: list[tuple[str, int, int]], waits: bool
) -> None:
    """As much as a threshold says is usual; 0 where nothing is known of earlier plans."""
    found = breaker.judge(rows, usual or None, [Vanishing(*each) for each in vanishing], USUAL)
    assert (found is not None) == waits


def test_every_threshold_that_is_passed_is_named() -> None:
    found = breaker.judge(201, 20, [Vanishing("A", 1000, 950)], USUAL)
    assert found == (
        "201 rows, more than 10 times the usual 20; 950 of the shop's 1,000 units would vanish, more than 30%;"
        " 950 of the 1,000 units at A would vanish, more than 90%: an empty snapshot?"
    )


@pytest.fixture
def waiting(books: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[Store, list[int]]:
    """Three plans that wait, the first one of two batches, and one that was let go."""
    books.equip(dict.fromkeys(PRODUCTS, 10))
    planner.plan(books.connection, SHOP, [])
    books.connection.execute(b"UPDATE inventory_level SET shopify_reason = 'damaged' WHERE product_id = %s", [Q])
    books.connection.execute(b"UPDATE shopify_shop SET approval_least_rows = 1")
    because = iter(["odd", "odd", "odd", None])
    monkeypatch.setattr(breaker, "judge", lambda *_: next(because))
    plans = []
    for products in ([P, Q], [R], [S], [T]):
        books.connection.execute(b"UPDATE inventory_level SET target = 15 WHERE product_id = ANY(%s)", [products])
        made = planner.make(books.connection, SHOP)
        assert made.outbox_plan_id is not None
        plans.append(made.outbox_plan_id)
    return books, plans


def test_no_batch_of_a_plan_that_waits_is_to_be_sent(books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    books.equip({P: 10})
    books.connection.execute(b"UPDATE shopify_shop SET approval_least_rows = 1")
    books.connection.execute(b"UPDATE inventory_level SET target = 15")
    monkeypatch.setattr(breaker, "judge", lambda *_: "odd")
    assert planner.plan(books.connection, SHOP) == []
    assert books.batches() == ["HELD"]


def test_a_run_asks_about_the_plans_that_no_other_run_asks_about(waiting: tuple[Store, list[int]]) -> None:
    books, (first, second, third, _) = waiting

    def claim(run: str, *alive: str) -> list[int]:
        return [plan.outbox_plan_id for plan in breaker.claim(books.connection, run, lambda asker: asker in alive)]

    assert claim("one") == [first, second, third], "the oldest first; what was let go is nobody's question"
    assert claim("one", "one") == [first, second, third], "the same if it claims again"
    assert claim("two", "one") == []
    books.connection.execute(b"UPDATE outbox_plan SET asked_by_run = 'two' WHERE outbox_plan_id = %s", [second])
    assert claim("three", "one") == [second], "who asked about it is gone"
    assert claim("one", "one", "three") == [first, third]
    assert [plan.outbox_plan_id for plan in breaker.held(books.connection)] == [first, second, third]


def found(books: Store, plans: list[int]) -> list[Any]:
    """Plans, their batches and rows, and the levels, each as it stands."""
    return [
        books.connection.execute(query, parameters).fetchall()
        for query, parameters in (
            (b"SELECT to_jsonb(each) FROM outbox_plan AS each WHERE outbox_plan_id = ANY(%s) ORDER BY 1", [plans]),
            (b"SELECT to_jsonb(batch), to_jsonb(each) FROM outbox_batch AS batch INNER JOIN outbox_batch_row AS each"
             b" USING (outbox_batch_id) WHERE outbox_plan_id = ANY(%s) ORDER BY 1", [plans]),
            (b"SELECT to_jsonb(level) FROM inventory_level AS level INNER JOIN outbox_batch USING (outbox_batch_id)"
             b" WHERE outbox_plan_id = ANY(%s) ORDER BY 1", [plans]),
        )
    ]  # fmt: skip


def decided(books: Store, plan: int) -> tuple[Any, ...]:
    """What became of a plan, and of its batches and their rows."""
    row = books.connection.execute(
        b"SELECT status_id, decided_by, decided_at IS NOT NULL, (SELECT jsonb_agg(DISTINCT jsonb_build_array("
        b"batch.status_id, batch.finished_at IS NOT NULL, each.outcome)) FROM outbox_batch AS batch"
        b" INNER JOIN outbox_batch_row AS each USING (outbox_batch_id)"
        b" WHERE batch.outbox_plan_id = plan.outbox_plan_id) FROM outbox_plan AS plan WHERE outbox_plan_id = %s",
        [plan],
    ).fetchone()
    assert row is not None
    return tuple(row)


def levels(books: Store) -> dict[str, tuple[bool, int]]:
    """Whether each level is under way, and what is held back of it."""
    rows = books.connection.execute(
        b"SELECT product_id, outbox_batch_id IS NOT NULL, held_back FROM inventory_level WHERE location_id = %s",
        [ONLINE],
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def test_an_approved_plan_is_sent_as_it_is(waiting: tuple[Store, list[int]]) -> None:
    books, plans = waiting
    others = found(books, plans[1:])
    assert breaker.approve(books.connection, plans[0], "ada") == 2
    assert decided(books, plans[0]) == ("APPROVED", "ada", True, [["PLANNED", False, None]])
    assert levels(books) == dict.fromkeys(PRODUCTS, (True, 0))
    assert found(books, plans[1:]) == others
    before = found(books, plans)
    for decide in (breaker.approve, breaker.reject):
        for plan in (plans[0], plans[3]):
            with pytest.raises(NotHeld, match=f"plan {plan} does not wait"):
                decide(books.connection, plan, "bob")
    assert found(books, plans) == before


def test_a_rejected_plan_is_held_back_as_far_as_it_still_differs(waiting: tuple[Store, list[int]]) -> None:
    books, plans = waiting
    books.connection.execute(b"UPDATE inventory_level SET target = 17 WHERE product_id = %s", [P])
    books.connection.execute(b"UPDATE inventory_level SET position = NULL WHERE product_id = %s", [Q])
    others = found(books, plans[1:])
    assert breaker.reject(books.connection, plans[0], "ada") == 2
    assert decided(books, plans[0]) == ("REJECTED", "ada", True, [["REJECTED", True, "NOT_APPLIED"]])
    assert levels(books) == {P: (False, 7), Q: (False, 0), R: (True, 0), S: (True, 0), T: (True, 0)}
    assert found(books, plans[1:]) == others


@pytest.mark.parametrize("decide", [breaker.approve, breaker.reject])
def test_a_decision_leaves_a_batch_that_has_ended(waiting: tuple[Store, list[int]], decide: Any) -> None:
    """Whatever has become of it: it must not be sent because somebody says yes to its plan."""
    books, plans = waiting
    books.connection.execute(
        b"UPDATE outbox_batch SET status_id = 'CONFIRMED' WHERE outbox_plan_id = %s AND shopify_reason = 'damaged'",
        plans[:1],
    )
    assert decide(books.connection, plans[0], "ada") == 1
    (ended,) = books.connection.execute(
        b"SELECT status_id, finished_at FROM outbox_batch WHERE outbox_plan_id = %s AND shopify_reason = 'damaged'",
        plans[:1],
    ).fetchall()
    assert ended == ("CONFIRMED", None)
