"""What the ERP has not been told of stays over its resets, and is told; nothing is lost or counted twice."""

import tracemalloc
from datetime import UTC, datetime, timedelta

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import variance_feed
from include.intake.data_manager import Counts
from tests.intake.drop import Drop, stores
from tests.world import World

DAY = datetime(2026, 11, 20, tzinfo=UTC)
RESET = "externalFacilityId,idValue,availableQty\n"
VARIANCE = "externalFacilityId,idType,idValue,availableDelta,varianceReasonId\n"
COUNT = "externalFacilityId,idType,idValue,quantity\n"


class Retailer:
    """One product at one store, its ERP's files, and what people find."""

    def __init__(self, connection: Connection, sftp: paramiko.SFTPClient) -> None:
        self.connection = connection
        self.resets = Drop(connection, sftp, "RESET_INVENTORY")
        self.variances = Drop(connection, sftp, "MDM_INV_VARIANCE")
        self.counts = Drop(connection, sftp, "REC_INV_COUNT")
        self.configure(adjustment_account="927", subsidiary="1", export_from=DAY - timedelta(days=1))

    def configure(self, **settings: object) -> None:
        for name, value in settings.items():
            self.connection.execute(f"UPDATE variance_feed SET {name} = %s".encode(), [value])

    def reset(self, hour: int, available: int) -> Counts | None:
        return self.resets(RESET + f"43,521,{available}\n", f"2026-11-20-{hour:02}00-reset.csv").counts

    def find(self, hour: int, units: int, reason: str = "VAR_DAMAGED") -> Counts | None:
        name = f"2026-11-20-{hour:02}00-variance-{units}.csv"
        return self.variances(VARIANCE + f"43,SKU,SKU-10001,{units},{reason}\n", name).counts

    def count(self, hour: int, units: int) -> Counts | None:
        return self.counts(COUNT + f"43,SKU,SKU-10001,{units}\n", f"2026-11-20-{hour:02}00-count.csv").counts

    def tell(self, hour: int) -> int:
        """Tell the ERP what it does not know, at an hour of the day; returns how many units that was in all."""
        variance_feed.freeze(self.connection, variance_feed.feed(self.connection, "INV_VARIANCE"))
        rows = self.connection.execute(
            b"UPDATE variance_file SET uploaded_at = %s WHERE uploaded_at IS NULL RETURNING content",
            [DAY + timedelta(hours=hour)],
        ).fetchall()
        return sum(int(line.split(",")[3]) for row in rows for line in bytes(row[0]).decode().splitlines()[1:])

    @property
    def on_hand(self) -> int:
        return World(self.connection).stock()["10001", "BROADWAY"][0]


@pytest.fixture
def retailer(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Retailer:
    stores(world)
    return Retailer(connection, sftp_client)


def test_a_variance_file_that_comes_after_a_newer_reset_counts_and_is_told(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    retailer.reset(3, 10)
    assert retailer.find(2, -4) == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    assert retailer.on_hand == 6, "the ERP's number does not know of it"
    assert retailer.tell(4) == -4
    retailer.reset(6, 6)
    assert retailer.on_hand == 6


@pytest.mark.parametrize("arrivals", ["count reset", "reset count"])
def test_a_count_and_a_newer_reset_of_the_erp_come_in_any_order(retailer: Retailer, arrivals: str) -> None:
    """The ERP goes on believing in ten until it is told that two are missing."""
    retailer.reset(1, 10)
    for each in arrivals.split():
        assert retailer.count(2, 8) == Counts(1, 1, 0, 0, 0) if each == "count" else retailer.reset(3, 10)
    assert retailer.on_hand == 8
    assert retailer.tell(4) == -2
    retailer.reset(6, 8)
    assert retailer.on_hand == 8


def test_who_counted_is_told_that_a_newer_count_has_overtaken_it(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    retailer.count(3, 9)
    outcome = retailer.counts(COUNT + "43,SKU,SKU-10001,7\n", "2026-11-20-0200-count.csv")
    assert outcome.counts == Counts(1, 0, 0, 1, 0)
    assert "1 counts were passed over" in str(outcome.message)
    assert retailer.on_hand == 9


def test_without_a_variance_feed_the_erps_newer_numbers_stand(retailer: Retailer) -> None:
    retailer.connection.execute(b"DELETE FROM variance_feed")
    retailer.reset(3, 10)
    assert retailer.count(2, 8) == Counts(1, 0, 0, 1, 0)
    assert retailer.on_hand == 10


def test_the_corrected_reject_of_a_variance_file_counts_although_a_reset_came_meanwhile(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    drop = retailer.variances
    outcome = drop(VARIANCE + "43,SKU,SKU-10001,-1,\n43,SKU,SKU-1001,-2,\n", "2026-11-20-0200-variances.csv")
    assert outcome.status_id == "FINISHED_WITH_ERRORS"
    retailer.reset(3, 10)
    assert retailer.on_hand == 9, "the reset leaves alone what the ERP does not know of"
    name, content = drop.error_file()
    outcome = drop(content.replace("SKU-1001,", "SKU-10001,"), name)
    assert outcome.counts == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    assert retailer.on_hand == 7
    assert retailer.tell(4) == -3
    retailer.reset(6, 7)
    assert retailer.on_hand == 7


def test_what_was_told_before_a_resets_moment_is_in_its_number(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    retailer.find(2, -4)
    retailer.tell(3)
    retailer.configure(reaches_erp_after="2 hours")
    retailer.reset(4, 10)
    assert retailer.on_hand == 6, "the file has not reached the ERP's books yet"
    retailer.reset(5, 6)
    assert retailer.on_hand == 6, "now it has"
    retailer.reset(6, 7)
    assert retailer.on_hand == 7


def test_a_count_stays_over_a_reset_until_the_erp_was_told(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    retailer.count(2, 8)
    retailer.reset(3, 11)
    assert retailer.on_hand == 9, "one came, by the ERP's books, and two are missing that it does not know of"
    assert retailer.tell(4) == -2
    retailer.reset(6, 9)
    assert retailer.on_hand == 9


def test_a_variance_from_before_a_newer_count_is_in_the_count(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    retailer.count(3, 8)
    retailer.reset(5, 10)
    assert retailer.find(2, -2) == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)
    assert retailer.on_hand == 8
    assert retailer.tell(6) == -2, "the count is told, which has the variance in it"


def test_what_the_erp_hears_of_otherwise_is_in_its_number(retailer: Retailer) -> None:
    retailer.reset(1, 10)
    retailer.find(2, -1, "POS_SALE")
    retailer.reset(3, 9)
    assert retailer.on_hand == 9
    assert retailer.find(2, -3, "POS_SALE") == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)
    assert retailer.tell(4) == 0


def test_who_tells_the_erp_nothing_lets_its_numbers_stand(retailer: Retailer, connection: Connection) -> None:
    connection.execute(b"DELETE FROM variance_feed")
    retailer.reset(1, 10)
    retailer.find(2, -4)
    retailer.reset(3, 10)
    assert retailer.on_hand == 10
    assert retailer.find(2, -5) == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)


def test_what_took_effect_before_anything_was_told_is_in_the_erps_number(retailer: Retailer) -> None:
    retailer.configure(export_from=DAY + timedelta(hours=2))
    retailer.reset(1, 10)
    retailer.find(1, -2)
    retailer.reset(4, 10)
    assert retailer.on_hand == 10
    assert retailer.tell(5) == 0


def test_an_answer_of_the_erp_says_that_it_has_it(retailer: Retailer, connection: Connection) -> None:
    answers = Drop(connection, retailer.resets.sftp, "IMP_VARIANCE_ANSWER")
    retailer.configure(reaches_erp_after="1 day")
    retailer.reset(1, 10)
    retailer.find(2, -4)
    retailer.tell(3)
    row = connection.execute(b"SELECT inventory_item_detail_id FROM exported_variance").fetchone()
    assert row is not None
    outcome = answers(f"workEffortId,externalId\n{row[0]},987\n", "2026-11-20-0400-ExportCycleCount.csv")
    assert outcome.counts == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    again = answers(f"Reference No,externalId\n{row[0]},987\n", "2026-11-20-0430-ExportCycleCount.csv")
    assert again.counts == Counts(total=1, changed=0, unchanged=1, superseded=0, failed=0)
    retailer.reset(5, 6)
    assert retailer.on_hand == 6, "the ERP has said that it knows"
    told = connection.execute(b"SELECT erp_id, acknowledged_at FROM exported_variance").fetchall()
    assert told == [("987", DAY + timedelta(hours=4))]


def test_answers_that_cannot_be_meant_are_refused(retailer: Retailer, connection: Connection) -> None:
    answers = Drop(connection, retailer.resets.sftp, "IMP_VARIANCE_ANSWER")
    retailer.reset(1, 10)
    retailer.find(2, -4)
    retailer.tell(3)
    row = connection.execute(b"SELECT inventory_item_detail_id FROM exported_variance").fetchone()
    assert row is not None
    reference = row[0]
    outcome = answers(
        f"HC Inventory Adj Id,externalId\n{reference},987\n{reference},988\n{reference},987\n"
        f"77{reference},1\nR1,1\nTRF-1,1\n,1\n{reference},\n"
    )
    assert outcome.counts == Counts(total=8, changed=1, unchanged=1, superseded=0, failed=6)
    nothing = "nothing was told under this reference; expected the Reference No of a variance file"
    assert answers.reasons() == {
        3: f"externalId '988': the ERP has answered with '987' before; it may have booked {reference} twice. Look at"
        " both, take one back if so, and leave this row out",
        5: f"HC Inventory Adj Id '77{reference}': {nothing}",
        6: f"HC Inventory Adj Id 'R1': {nothing}",
        7: f"HC Inventory Adj Id 'TRF-1': {nothing}",
        8: "HC Inventory Adj Id is empty; expected the Reference No of a variance file",
        9: "externalId is empty; expected the id of the ERP's adjustment",
    }
    assert answers(f"workEffortId,externalId\n{reference},990\n", "later.csv").counts == Counts(1, 0, 0, 0, 1)


def test_a_cut_feed_holds_one_file_at_a_time_in_memory(retailer: Retailer, connection: Connection) -> None:
    connection.execute(
        b"WITH found AS (INSERT INTO inventory_item_detail (product_id, facility_id, quantity_on_hand_diff,"
        b" available_to_promise_diff, reason_enum_id, effective_at, is_new_to_erp)"
        b" SELECT '10001', 'BROADWAY', 1, 1, 'VAR_FOUND', now(), TRUE FROM generate_series(1, 12000) RETURNING *)"
        b" INSERT INTO untold_variance SELECT inventory_item_detail_id, effective_at FROM found"
    )
    retailer.configure(rows_per_file=500)
    feed = variance_feed.feed(connection, "INV_VARIANCE")
    variance_feed.forecast(connection, feed)
    tracemalloc.start()
    try:
        told = variance_feed.freeze(connection, feed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(told.files), told.rows) == (24, 12000)
    assert peak < 3 << 20, f"{peak:,} bytes: 12,000 rows at once take more than 10 MB"
