"""Batches as the lines of a file: the same states, each line by its number, found again after a crash."""

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.channel.delivery import bulk_delivery, outbox
from include.channel.planning import planner
from include.jobs.advice import MAKE_ROOM_FOR_WORKER, advice
from include.shopify import bulk_mutation, bulk_query
from include.shopify.bulk_query import ExportFailed
from include.shopify.errors import OutcomeUnknown
from tests.scenarios.store import Store, item
from tests.small_disk import SmallDisk, small_disk
from tests.world import SHOP

RUN = "bulkOperationRunMutation"
PRODUCTS = {f"6{number:04d}": 5 for number in range(600)}


@pytest.fixture
def shop(store: Store) -> Iterator[Store]:
    """600 levels to push by file, in three batches."""
    before = store.emulator.settings()
    store.open(PRODUCTS)
    store.emulator.settings(bulk_start_seconds=0, bulk_lines_per_second=100_000, bulk_shuffle=True)
    store.connection.execute(b"UPDATE shopify_shop SET transport = 'BULK'")
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    assert len(planner.make(store.connection, SHOP).batches) == 3
    yield store
    names = ("bulk_start_seconds", "bulk_lines_per_second", "bulk_shuffle")
    store.emulator.settings(**{name: before[name] for name in names})


def start(store: Store) -> dict[str, int]:
    return bulk_delivery.start_files(store.connection, SHOP, store.client)


def collect(store: Store) -> dict[str, int]:
    """Wait for the operations to end, and write down what became of the lines."""
    until = time.monotonic() + 30
    counts: dict[str, int] = {}
    while bulk_delivery.running(store.connection, SHOP):
        assert time.monotonic() < until
        for kind, count in bulk_delivery.collect(store.connection, SHOP, store.client).items():
            counts[kind] = counts.get(kind, 0) + count
        time.sleep(0.05)
    return counts


def shown(store: Store) -> set[int]:
    return {level["available"] for level in store.emulator.levels()}


def bring_to_rest(store: Store) -> None:
    """What the next runs do with what is open; then every level shows what it should, and no unit came twice."""
    store.settle()
    store.connection.execute(b"UPDATE shopify_shop SET transport = 'DIRECT'")
    planner.make(store.connection, SHOP)
    store.deliver()
    assert shown(store) == {6}
    assert applied_twice(store) == []


def applied_twice(store: Store) -> list[str]:
    changed = [each["inventoryItemId"] for each in store.emulator.history() if each["kind"] == "adjust"]
    return [each for each in set(changed) if changed.count(each) > 1]


def test_a_file_carries_the_frozen_batches_and_confirms_each_by_its_line(shop: Store) -> None:
    assert shop.deliver().confirmed == 0, "direct calls leave it alone"
    assert start(shop) == {"started": 1, "running": 1, "waiting": 0}
    assert collect(shop) == {"confirmed": 3}
    assert shown(shop) == {6}
    assert shop.batches() == ["CONFIRMED"] * 3
    assert planner.make(shop.connection, SHOP).rows == 0
    assert shop.emulator.stats()["calls"].get(RUN) is not None


def test_a_bad_line_harms_only_itself(shop: Store) -> None:
    shop.connection.execute(b"UPDATE inventory_level SET checked_at = now()")
    seeded = [each for each in PRODUCTS if each != "60300"]
    shop.emulator.seed(
        [{"id": shop.emulator.levels()[0]["locationId"], "name": "Online"}],
        [{"id": item(each)} for each in seeded],
        [
            {"inventoryItemId": item(each), "locationId": "gid://shopify/Location/70000000001", "available": 5}
            for each in seeded
        ],
    )
    start(shop)
    assert collect(shop) == {"confirmed": 2, "refused": 1}
    assert shop.deliver().confirmed_rows == 249, "the good rows of the bad line go on by a call"
    assert shown(shop) == {6}


def test_a_stale_line_goes_on_by_calls(shop: Store) -> None:
    shop.sell("60001")
    start(shop)
    assert collect(shop) == {"confirmed": 2, "stale": 1}
    assert shop.deliver().confirmed_rows == 250
    assert shown(shop) == {5, 6}
    assert applied_twice(shop) == []


@pytest.mark.parametrize("applied", [False, True])
def test_a_line_with_an_internal_error_is_settled_by_looking(shop: Store, applied: bool) -> None:
    shop.emulator.fault("bulk_row_error", applied=applied, after_calls=1)
    start(shop)
    assert collect(shop) == {"confirmed": 2, "unknown": 1}
    bring_to_rest(shop)


@pytest.mark.parametrize("partial", [False, True])
def test_an_operation_that_fails_keeps_what_it_says_it_has_done(shop: Store, partial: bool) -> None:
    shop.emulator.fault("bulk_failed", operation=RUN, after_lines=1, partial=partial)
    start(shop)
    assert collect(shop) == ({"confirmed": 1, "unknown": 2} if partial else {"unknown": 3})
    bring_to_rest(shop)


@pytest.mark.parametrize(
    ("fault", "counts"),
    [
        ({"kind": "results_malformed", "line": 1}, {"confirmed": 2, "unknown": 1, "unreadable": 1}),
        ({"kind": "results_truncated", "after_bytes": 250}, {"confirmed": 1, "unknown": 2, "unreadable": 1}),
        ({"kind": "results_truncated", "after_bytes": 0}, {"unknown": 3}),
    ],
    ids=["malformed", "cut off within a line", "empty"],
)
def test_what_cannot_be_read_of_the_results_is_settled_by_looking(
    shop: Store, fault: dict[str, object], counts: dict[str, int]
) -> None:
    shop.emulator.fault(**fault)  # type: ignore[arg-type]
    start(shop)
    assert collect(shop) == counts
    bring_to_rest(shop)


def test_results_that_are_gone_are_not_waited_for(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    start(shop)
    ended = bulk_mutation.ended

    def forged(*given: Any) -> bulk_mutation.Ended | None:
        found = ended(*given)
        return found and bulk_mutation.Ended(found.status, f"{found.url}0")

    monkeypatch.setattr(bulk_mutation, "ended", forged)
    assert collect(shop) == {"unknown": 3}
    bring_to_rest(shop)


def test_a_download_that_breaks_off_is_read_again_from_its_beginning(shop: Store) -> None:
    shop.emulator.fault("results_broken_off", after_bytes=250)
    start(shop)
    with pytest.raises(ExportFailed, match="broke off"):
        collect(shop)
    assert shop.batches() == ["SENDING"] * 3
    assert collect(shop) == {"confirmed": 3}


def test_a_large_file_takes_little_memory_both_ways(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    padding = 8_000_000
    shop.connection.execute(b"UPDATE outbox_batch SET variables = variables || repeat(' ', %s)", [padding])
    tracemalloc.start()
    try:
        start(shop)
        assert tracemalloc.get_traced_memory()[1] < 4 * padding, "one line of three, as it comes and as it goes"
        monkeypatch.setattr(bulk_query, "LONGEST_LINE", 64)
        tracemalloc.reset_peak()
        assert collect(shop) == {"unreadable": 3, "unknown": 3}
    finally:
        tracemalloc.stop()
    bring_to_rest(shop)


@pytest.mark.parametrize(
    ("fault", "runs"),
    [({"kind": "drop_before"}, False), ({"kind": "drop_after"}, True), ({"kind": "status_after", "status": 502}, True)],
    ids=["never arrived", "answer lost", "502 after"],
)
def test_an_operation_whose_start_got_no_answer_is_found_again_or_started_once_more(
    shop: Store, fault: dict[str, object], runs: bool
) -> None:
    shop.emulator.fault(operation=RUN, **fault)  # type: ignore[arg-type]
    start(shop)
    assert bulk_delivery.running(shop.connection, SHOP) == []
    calls = shop.emulator.stats()["calls"][RUN]
    time.sleep(0.3)
    start(shop)
    assert shop.emulator.stats()["calls"][RUN] == calls + (not runs)
    assert collect(shop) == {"confirmed": 3}
    assert shown(shop) == {6}
    assert applied_twice(shop) == []


def test_an_operation_of_another_life_with_the_same_number_is_not_taken_for_this_one(shop: Store) -> None:
    """As after a database came back from a backup: the numbers of files come again."""
    start(shop)
    assert collect(shop) == {"confirmed": 3}
    shop.connection.execute(b"UPDATE outbox_batch SET outbox_file_id = NULL")
    shop.connection.execute(b"TRUNCATE outbox_file RESTART IDENTITY CASCADE")
    shop.connection.execute(b"UPDATE inventory_level SET target = target + 1, position = 6, outbox_batch_id = NULL")
    assert len(planner.make(shop.connection, SHOP).batches) == 3
    shop.emulator.fault("drop_before", operation=RUN)
    start(shop)
    time.sleep(0.3)
    calls = shop.emulator.stats()["calls"][RUN]
    start(shop)
    assert shop.emulator.stats()["calls"][RUN] == calls + 1
    assert collect(shop) == {"confirmed": 3}
    assert shown(shop) == {7}


def test_a_start_that_may_still_arrive_is_waited_for(shop: Store) -> None:
    shop.connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 60")
    shop.emulator.fault("drop_before", operation=RUN)
    start(shop)
    assert start(shop) == {"started": 0, "running": 1, "waiting": 0}


def test_a_worker_that_died_between_asking_and_writing_down_finds_its_operation(
    shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bulk_delivery, "_note_running", die)
        with pytest.raises(Killed):
            start(shop)
    calls = shop.emulator.stats()["calls"][RUN]
    assert shop.deliver().confirmed == 0, "another sender comes by meanwhile"
    start(shop)
    assert shop.emulator.stats()["calls"][RUN] == calls
    assert collect(shop) == {"confirmed": 3}
    assert applied_twice(shop) == []


def test_a_worker_that_died_while_collecting_goes_on(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """The process is gone."""

    confirm, confirmed = outbox.confirm, [0]

    def die(*given: object) -> int:
        confirmed[0] += 1
        if confirmed[0] == 2:
            raise Killed
        return confirm(*given)  # type: ignore[arg-type]

    start(shop)
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "confirm", die)
        with pytest.raises(Killed):
            collect(shop)
    assert collect(shop) == {"confirmed": 2}
    assert shown(shop) == {6}


def test_no_more_than_five_run_at_a_time(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.emulator.settings(bulk_start_seconds=1000)
    shop.connection.execute(b"UPDATE outbox_batch SET status_id = 'REFUSED'")
    shop.connection.execute(b"UPDATE inventory_level SET outbox_batch_id = NULL")
    monkeypatch.setattr(planner, "MOST_ROWS", 90)
    assert len(planner.make(shop.connection, SHOP).batches) == 7
    monkeypatch.setattr(bulk_mutation, "LARGEST_FILE", 1)
    assert start(shop) == {"started": 5, "running": 5, "waiting": 2}
    assert start(shop) == {"started": 0, "running": 5, "waiting": 2}
    shop.emulator.settings(bulk_start_seconds=0)
    assert collect(shop) == {"confirmed": 5}
    assert start(shop) == {"started": 2, "running": 2, "waiting": 0}
    assert collect(shop) == {"confirmed": 2}
    assert shown(shop) == {6}


def test_an_upload_that_is_refused_leaves_the_batches_planned(shop: Store) -> None:
    shop.emulator.fault("status", status=502, operation="stagedUploadsCreate")
    with pytest.raises(OutcomeUnknown):
        start(shop)
    assert shop.batches() == ["PLANNED"] * 3
    start(shop)
    assert collect(shop) == {"confirmed": 3}


@pytest.fixture
def temporary(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """The worker's folder for temporary files, on a disk of its own."""
    folder = state / "small-temporary"
    folder.mkdir()
    with small_disk(folder, 2) as mounted:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        yield mounted


def test_a_worker_whose_disk_is_full_goes_on_once_there_is_room(shop: Store, temporary: SmallDisk) -> None:
    """It writes what it uploads and what it has downloaded to disk; the disk is really full each time."""
    temporary.fill()
    with pytest.raises(OSError, match="No space left on device") as caught:
        start(shop)
    assert advice(caught.value) == MAKE_ROOM_FOR_WORKER
    assert shop.batches() == ["PLANNED"] * 3
    temporary.make_room()
    assert start(shop)["started"] == 1
    (operation,) = bulk_delivery.running(shop.connection, SHOP)
    until = time.monotonic() + 30
    while bulk_mutation.ended(shop.client, operation) is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    temporary.fill()
    with pytest.raises(OSError, match="No space left on device"):
        bulk_delivery.collect(shop.connection, SHOP, shop.client)
    assert shop.batches() == ["SENDING"] * 3
    temporary.make_room()
    assert collect(shop) == {"confirmed": 3}
    bring_to_rest(shop)
