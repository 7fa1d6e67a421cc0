"""The same rows a second time: a file that was sent again, whole after a cut upload, or its corrected rejects.

A row is known by its file's content and its line. What was applied under that name is not applied again; what was
refused is tried again, once: by the same file, or by the reject file that carries its line, whichever comes first.
"""

import re
from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.intake.data_manager import Log
from include.intake.feed import StagedFile
from include.intake.fingerprint import Beginning, Fingerprint

_REJECTS_OF = re.compile(r"\.rejects-(\d+)(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Repeated:
    """What was taken out of `staged` because it had been dealt with before.

    Attributes:
        rows: How many rows that were.
        of_log_id: The file that they were applied or refused in; None if there is none.
        is_same_file: Whether this is that file again, as opposed to its rejects.
        beginning: If that file was only the beginning of this one, what it was.
    """

    rows: int = 0
    of_log_id: int | None = None
    is_same_file: bool = False
    beginning: Beginning | None = None

    def of_same_file(self) -> int | None:
        """The log of the same file, if this is one that came again."""
        return self.of_log_id if self.is_same_file and self.beginning is None else None

    def note(self, total: int) -> str:
        """The same in words, for the log of a file with so many rows; empty if there is nothing to say."""
        if self.beginning is not None:
            cut = f"; line {self.beginning.lines} was cut there: see what became of it" if self.beginning.is_cut else ""
            return f"log {self.of_log_id} was the beginning of this file: {self.rows:,} rows not applied again{cut}"
        if self.is_same_file and self.rows == total:
            return f"the same file as log {self.of_log_id}: not applied again"
        if self.is_same_file:
            return f"the same file as log {self.of_log_id}: only the {total - self.rows:,} rows refused there are tried"
        if self.rows:
            return f"{self.rows} rows of log {self.of_log_id} had been tried again before: not applied twice"
        return ""


def possible_beginnings(connection: Connection, log: Log) -> list[tuple[int, int, str]]:
    """Files with which this one may begin: log id, size in bytes and digest of each, the longest first."""
    parameters = {"config_id": log.config_id, "file_name": log.file_name, "file_size": log.file_size}
    return connection.execute(statement(__file__, "select_beginnings"), parameters).fetchall()


def leave_out(file: StagedFile, content: Fingerprint, *, speaks_of_a_moment: bool) -> Repeated:
    """Take rows out of `staged` that have been dealt with in an earlier file.

    Args:
        file: The file, its rows staged.
        content: What it is known by, with its `possible_beginnings`.
        speaks_of_a_moment: Whether the same content under another name or moment is news.
    """
    parameters = file.parameters() | {"file_sha256": content.sha256(), "file_name": file.log.file_name}
    name = "select_same_snapshot" if speaks_of_a_moment else "select_same_content"
    row = file.connection.execute(statement(__file__, name), parameters).fetchone()
    if row is not None and row[0] is not None:
        earlier: int = row[0]
        dropped = _drop(file, "drop_applied_lines", earlier)
        return Repeated(dropped, earlier, is_same_file=True)
    if not speaks_of_a_moment and (begun := _leave_out_beginning(file, content)) is not None:
        return begun
    if (origin := origin_of(file.log.file_name)) is not None and file.has("line"):
        return Repeated(_drop(file, "drop_retried_lines", origin), origin)
    return Repeated()


def _leave_out_beginning(file: StagedFile, content: Fingerprint) -> Repeated | None:
    for log_id, size, sha256 in possible_beginnings(file.connection, file.log):
        beginning = content.beginnings.get(size)
        if beginning is not None and beginning.sha256 == sha256:
            parameters = {"earlier_log_id": log_id, "lines": beginning.lines}
            dropped = file.connection.execute(statement(__file__, "drop_applied_beginning"), parameters).rowcount
            return Repeated(dropped, log_id, is_same_file=True, beginning=beginning)
    return None


def note_retries(file: StagedFile, repeated: Repeated) -> None:
    """Note in the earlier file's rejects that they have been tried again in this one."""
    if repeated.of_log_id is not None:
        step = "note_retried_lines" if repeated.is_same_file else "note_retried_rejects"
        file.connection.execute(statement(__file__, step), file.parameters() | {"earlier_log_id": repeated.of_log_id})


def origin_of(file_name: str) -> int | None:
    """The log whose rejects a file holds, by the name that we gave it."""
    found = _REJECTS_OF.search(file_name)
    return int(found[1]) if found else None


def _drop(file: StagedFile, step: str, earlier: int) -> int:
    return file.connection.execute(statement(__file__, step), file.parameters() | {"earlier_log_id": earlier}).rowcount
