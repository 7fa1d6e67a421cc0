"""Files once more: retried, cancelled, read again from the archive, and whatever a dying process leaves of that."""

from datetime import UTC, datetime, timedelta

import paramiko
import pytest

from include.db.connection import Connection, LockedElsewhere, exclusive
from include.intake import again, data_manager, pickup, remote
from include.intake.data_manager import LogNotInState
from include.intake.process import Outcome
from tests.intake.drop import NOW, Drop, stores
from tests.world import World

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
TWO_ROWS = HEADER + "a,43,6,521\nb,77,9,521\n"
LONG_AGO, EVER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


def archived(drop: Drop, start: datetime = LONG_AGO, end: datetime = EVER) -> list[again.Archived]:
    return again.archived(drop.connection, drop.sftp, drop.feed, start, end)


def read_again(drop: Drop) -> list[Outcome]:
    again.read_again(drop.connection, drop.sftp, drop.feed, LONG_AGO, EVER)
    return drop.process()


def set_up_facility_77(world: World) -> None:
    world.facility("POPUP", external_id="77")


class TestRetryingAFile:
    def test_a_failed_file_is_processed_as_it_is(self, drop: Drop, world: World) -> None:
        drop.configure(error_policy="ALL_OR_NOTHING")
        failed = drop(TWO_ROWS, "reset.csv")
        assert (failed.status_id, world.stock()) == ("FAILED", {})
        set_up_facility_77(world)
        log = again.retry_file(drop.connection, drop.sftp, failed.data_manager_log_id)
        assert (log.parent_log_id, log.file_name) == (failed.data_manager_log_id, "reset.csv")
        (outcome,) = drop.process()
        assert (outcome.data_manager_log_id, outcome.status_id) == (log.data_manager_log_id, "FINISHED")
        assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "POPUP"): (9, 9)}

    def test_a_file_that_finished_is_not_retried_as_a_whole(self, drop: Drop) -> None:
        outcome = drop(TWO_ROWS)
        with pytest.raises(LogNotInState, match=r"is FINISHED_WITH_ERRORS; expected .* retry the failed rows"):
            again.retry_file(drop.connection, drop.sftp, outcome.data_manager_log_id)

    def test_a_file_is_retried_once(self, drop: Drop) -> None:
        failed = drop("no,inventory\n1,2\n", "bad.csv").data_manager_log_id
        again.retry_file(drop.connection, drop.sftp, failed)
        with pytest.raises(LogNotInState, match=r"bad\.csv .*: .* is not there any more: it has been tried"):
            again.retry_file(drop.connection, drop.sftp, failed)

    def test_a_file_that_is_not_in_the_log_is_named(self, drop: Drop) -> None:
        for retry in (again.retry_file, again.retry_failed_rows):
            with pytest.raises(LogNotInState, match=r"data_manager_log_id 4711: no such file"):
                retry(drop.connection, drop.sftp, 4711)

    def test_a_retry_waits_for_a_pickup_under_way(self, drop: Drop, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from include.db.connection import connect

        failed = drop("no,inventory\n1,2\n").data_manager_log_id

        def impatient(connection: Connection, name: str, patience: float = 0) -> object:
            return exclusive(connection, name)

        monkeypatch.setattr(again, "exclusive", impatient)
        with connect(dsn) as other, exclusive(other, "pickup of RESET_INVENTORY"), pytest.raises(LockedElsewhere):
            again.retry_file(drop.connection, drop.sftp, failed)
        assert again.retry_file(drop.connection, drop.sftp, failed).status_id


class TestRetryingFailedRows:
    def test_rows_whose_cause_is_mended_are_applied(self, drop: Drop, world: World) -> None:
        first = drop(TWO_ROWS, "2026-11-20-0100-reset.csv").data_manager_log_id
        set_up_facility_77(world)
        log = again.retry_failed_rows(drop.connection, drop.sftp, first)
        assert log.parent_log_id == first
        (outcome,) = drop.process()
        assert outcome.counts is not None
        assert (outcome.status_id, outcome.counts.total, outcome.counts.changed) == ("FINISHED", 1, 1)
        assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "POPUP"): (9, 9)}

    def test_rows_whose_cause_is_not_mended_are_refused_again(self, drop: Drop) -> None:
        first = drop(TWO_ROWS).data_manager_log_id
        again.retry_failed_rows(drop.connection, drop.sftp, first)
        (outcome,) = drop.process()
        assert outcome.counts is not None
        assert (outcome.status_id, outcome.counts.failed) == ("FINISHED_WITH_ERRORS", 1)
        again.retry_failed_rows(drop.connection, drop.sftp, outcome.data_manager_log_id)

    def test_they_are_tried_once(self, drop: Drop, world: World) -> None:
        first = drop(TWO_ROWS).data_manager_log_id
        set_up_facility_77(world)
        again.retry_failed_rows(drop.connection, drop.sftp, first)
        with pytest.raises(LogNotInState, match="is not there any more"):
            again.retry_failed_rows(drop.connection, drop.sftp, first)

    def test_a_file_without_failed_rows_has_none_to_retry(self, drop: Drop) -> None:
        outcome = drop(HEADER + "a,43,6,521\n")
        with pytest.raises(LogNotInState, match=r"is FINISHED; expected a file that is FINISHED_WITH_ERRORS"):
            again.retry_failed_rows(drop.connection, drop.sftp, outcome.data_manager_log_id)


class TestCancelling:
    def test_a_waiting_file_is_not_processed_and_can_be_retried(self, drop: Drop, world: World) -> None:
        drop.write(HEADER + "a,43,6,521\n", "reset.csv")
        (log,) = pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW).taken
        data_manager.cancel(drop.connection, log.data_manager_log_id)
        assert drop.process() == []
        assert drop.names("failed") == [f"{log.data_manager_log_id}-reset.csv"]
        assert world.stock() == {}
        again.retry_file(drop.connection, drop.sftp, log.data_manager_log_id)
        (outcome,) = drop.process()
        assert outcome.status_id == "FINISHED"
        assert world.stock() == {("10001", "BROADWAY"): (6, 6)}

    def test_a_file_that_is_done_with_stays_so(self, drop: Drop) -> None:
        outcome = drop(HEADER + "a,43,6,521\n")
        with pytest.raises(LogNotInState, match=r"is FINISHED; only a file that is PENDING can be cancelled"):
            data_manager.cancel(drop.connection, outcome.data_manager_log_id)


class TestTheArchive:
    def test_what_was_applied_is_recognised(self, drop: Drop, world: World) -> None:
        first = drop(HEADER + "a,43,6,521\n", "reset.csv").data_manager_log_id
        (found,) = archived(drop)
        assert found.forecast() == f"reset.csv: applied as log {first}; nothing would change"
        (outcome,) = read_again(drop)
        assert outcome.counts is not None
        assert (outcome.status_id, outcome.counts.changed) == ("FINISHED", 0)
        assert world.stock() == {("10001", "BROADWAY"): (6, 6)}

    def test_what_was_refused_gets_another_chance(self, drop: Drop, world: World) -> None:
        first = drop(TWO_ROWS, "2026-11-20-0100-reset.csv").data_manager_log_id
        (found,) = archived(drop)
        assert f"applied as log {first}; only those of its 1 refused rows would be tried" in found.forecast()
        set_up_facility_77(world)
        (outcome,) = read_again(drop)
        assert outcome.counts is not None
        assert (outcome.counts.changed, outcome.counts.superseded, outcome.counts.failed) == (1, 1, 0)
        assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "POPUP"): (9, 9)}

    def test_newer_stock_stays(self, drop: Drop, world: World) -> None:
        drop(HEADER + "a,43,6,521\n", "2026-11-20-0100-reset.csv")
        drop(HEADER + "a,43,2,521\n", "2026-11-20-0200-reset.csv")
        assert len(read_again(drop)) == 2
        assert world.stock() == {("10001", "BROADWAY"): (2, 2)}

    def test_files_belong_to_the_interval_in_which_they_came_first(self, drop: Drop) -> None:
        drop(HEADER + "a,43,6,521\n", "reset.csv")
        came = datetime(2026, 11, 1, 12, tzinfo=UTC)
        drop.connection.execute(b"UPDATE data_manager_log SET created_at = %s", [came])
        read_again(drop)
        minute = timedelta(minutes=1)
        for start, end, expected in ((came, came + minute, 1), (came - minute, came, 0), (came + minute, EVER, 0)):
            assert len(archived(drop, start, end)) == expected, "from the start on, and before the end"
        (found,) = archived(drop)
        assert found.log is not None
        assert found.log.parent_log_id == 1, "the latest reading of it"

    def test_files_that_this_database_does_not_know_are_read_by_their_time(self, drop: Drop, world: World) -> None:
        drop(HEADER + "a,44,1,522\n", "2026-11-20-0200-other.csv")
        drop.sftp.mkdir(f"{drop.folder}/tmp")
        with drop.sftp.open(f"{drop.folder}/archive/17-2026-11-20-0100-reset.csv", "wb") as file:
            file.write((HEADER + "a,43,6,521\n").encode())
        with drop.sftp.open(f"{drop.folder}/archive/notes.txt", "wb") as file:
            file.write(b"no feed's file")
        at = datetime(2026, 11, 20, 1, 5, tzinfo=UTC).timestamp()
        drop.sftp.utime(f"{drop.folder}/archive/17-2026-11-20-0100-reset.csv", (at, at))
        hour = datetime(2026, 11, 20, 1, tzinfo=UTC)
        (found,) = archived(drop, hour, hour + timedelta(hours=1))
        assert found.log is None
        assert found.forecast() == "2026-11-20-0100-reset.csv: not known here; all its rows would be tried"
        (log,) = again.read_again(drop.connection, drop.sftp, drop.feed, hour, hour + timedelta(hours=1))
        assert (log.file_name, log.parent_log_id) == ("2026-11-20-0100-reset.csv", None)
        drop.process()
        assert world.stock()["10001", "BROADWAY"] == (6, 6)
        assert drop.names("archive")[-1] == "notes.txt", "left where it lay"

    def test_there_may_be_no_archive(self, drop: Drop) -> None:
        assert archived(drop) == []
        assert again.read_again(drop.connection, drop.sftp, drop.feed, LONG_AGO, EVER) == []

    def test_a_take_that_was_interrupted_is_finished_by_the_next_pickup(
        self, drop: Drop, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drop(TWO_ROWS, "2026-11-20-0100-reset.csv")
        set_up_facility_77(world)

        def die(*_: object) -> None:
            raise ConnectionResetError("the process is gone")

        for step in ("move", "set_pending"):
            with monkeypatch.context() as patched:
                patched.setattr(remote if step == "move" else data_manager, step, die)
                with pytest.raises(ConnectionResetError):
                    again.read_again(drop.connection, drop.sftp, drop.feed, LONG_AGO, EVER)
            outcomes = drop.process()
            assert [outcome.status_id for outcome in outcomes] == ["FINISHED"], step
        assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "POPUP"): (9, 9)}
        assert len(drop.names("archive")) == 1
        assert drop.names("processing") == []
