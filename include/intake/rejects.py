"""The reject file: refused rows as they came, each with its line and reason in front.

It can be corrected in place and dropped into the feed's folder again: the two columns in front are ignored, and the
mark in the name keeps the moment that the original snapshot spoke of. People open it in a spreadsheet, which must not
run what strangers have written into it: see `spreadsheets`.
"""

import codecs
import json
import re
from collections.abc import Iterator
from posixpath import splitext

import paramiko

from include import spreadsheets
from include.db.connection import Connection
from include.intake import json_records, remote, snapshot_time
from include.intake.data_manager import Config, Log
from include.intake.errors import FileRefused
from include.intake.lines import crooked_fields
from include.spreadsheets import armed

ROWS_AT_A_TIME = 5000

Rejected = Iterator[list[tuple[int, str, dict[str, str]]]]
"""Refused rows some thousands at a time: line, reason, and the staged row."""


def write_reject_file(connection: Connection, sftp: paramiko.SFTPClient, feed: Config, log: Log) -> str:
    """Write the refused rows of a file to the feed's `error/` folder.

    Returns:
        The path of the reject file on the server.
    """
    stem, ending = splitext(log.file_name)
    moment = snapshot_time.mark(log.as_of) if log.as_of and ".asof-" not in stem else ""
    # A corrected reject file may be rejected from again: its name must not grow with each round.
    stem = re.sub(r"\.rejects-\d+$", "", stem)
    path = f"{log.import_path}/error/{stem}{moment}.rejects-{log.data_manager_log_id}{ending}"
    remote.write(sftp, path, _blocks(connection, feed, log))
    return path


def _blocks(connection: Connection, feed: Config, log: Log) -> Iterator[bytes]:
    if feed.encoding != "UTF-8":
        yield codecs.BOM_UTF8  # else the file, dropped again, would be read in the feed's encoding
    row = connection.execute(
        b"SELECT file_header FROM data_manager_log WHERE data_manager_log_id = %s", [log.data_manager_log_id]
    ).fetchone()
    assert row is not None
    with connection.transaction(), connection.cursor(name="rejects") as cursor:
        cursor.execute(
            b"SELECT line_number, reason, staged_row FROM data_manager_reject"
            b" WHERE data_manager_log_id = %s ORDER BY line_number",
            [log.data_manager_log_id],
        )
        rejected = iter(lambda: cursor.fetchmany(ROWS_AT_A_TIME), [])
        yield from _as_json(rejected) if row[0] is None else _as_csv(rejected, row[0], feed.delimiter)


def _as_csv(rejected: Rejected, header: list[tuple[str, str]], delimiter: str) -> Iterator[bytes]:
    names = [name for name, _ in header]
    columns = [column for _, column in header]
    own = [position for position, column in enumerate(columns) if column in ("error", "line")]
    yield _csv([["error", "line", *_without(names, own)]], delimiter)
    for rows in rejected:
        yield _csv(
            [[reason, str(line), *_without(_fields(row, columns, delimiter), own)] for line, reason, row in rows],
            delimiter,
        )


def _as_json(rejected: Rejected) -> Iterator[bytes]:
    """The elements as they came, each reduced to the refused row, with the reason and the row's number."""
    before = "[\n"
    for rows in rejected:
        for line, reason, row in rows:
            # Of a row that is rejected again, the element has last time's reason in it.
            told = {"error": reason, "line": line}
            element = told | _element(row) | told
            yield (before + json.dumps(element, ensure_ascii=False, default=str)).encode()
            before = ",\n"
    yield b"\n]\n"


def _element(row: dict[str, str]) -> dict[str, object]:
    """The element, or what is left of one that is none; it cannot be dropped again before it is mended."""
    raw = row.get("raw_line", "")
    try:
        # As strictly as files are read: Python's json alone takes one of two equal keys, and makes Infinity of 1e400.
        (record,) = json_records.records(iter([raw.encode()]), "reject")
    except (FileRefused, ValueError):
        return {"asItCame": raw}
    return record.value if record.malformed is None else {"asItCame": raw}


def _fields(row: dict[str, str], columns: list[str], delimiter: str) -> list[str]:
    if (raw := row.get("raw_line")) is not None:
        fields = crooked_fields(raw, delimiter)
        return [armed(field) for field in fields] if "line" in columns else fields
    return [row.get(column, "") for column in columns]


def _without(fields: list[str], positions: list[int]) -> list[str]:
    return [field for position, field in enumerate(fields) if position not in positions]


def _csv(rows: list[list[str]], delimiter: str) -> bytes:
    return "".join(spreadsheets.record(row, delimiter) for row in rows).encode()
