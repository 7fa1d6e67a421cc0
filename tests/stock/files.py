"""Files of any feed, applied by the feeds' own code, without a server to fetch them from."""

from datetime import datetime

from include.db.connection import Connection
from include.intake import data_manager, process
from include.intake.data_manager import Counts
from include.intake.feed import StagedFile
from include.intake.snapshot_time import SnapshotTime


def apply(connection: Connection, config_id: str, content: str, as_of: datetime, name: str | None = None) -> Counts:
    """Stage, check and post a file that speaks of a moment, as processing it does; returns what became of its rows."""
    config = data_manager.config(connection, config_id)
    row = connection.execute(
        b"INSERT INTO data_manager_log (config_id, status_id, import_path, source_path, file_name, remote_file_path,"
        b" file_size, file_modified_at) VALUES (%s, 'RUNNING', '', '', %s, '', %s, %s) RETURNING data_manager_log_id",
        [config_id, name or f"{as_of:%H%M%S}.csv", len(content), as_of],
    ).fetchone()
    assert row is not None
    log = data_manager.read_log(connection, row[0])
    with connection.transaction():
        feed, header, total = process._stage(connection, config, log, iter([content.encode()]))
        file = StagedFile(connection, config, log, header, SnapshotTime(as_of, "test"), total)
        failed = feed.check(file)
        posted = feed.post(file)
        counts = Counts(total, posted.changed, posted.unchanged, posted.superseded, failed)
        status = "FINISHED_WITH_ERRORS" if failed else "FINISHED"
        data_manager.finish(connection, log, status, str(row[0]), file.moment, counts, "", None)
    return counts
