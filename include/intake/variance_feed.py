"""Tells the ERP of changes of stock that were born elsewhere: counts, variances by hand, units rejected on arrival.

HotWax's job `Generate_Inventory_Var_Feed`. Each is told once: one transaction chooses what was not told, freezes the
bytes of a file and notes the rows as told. Only then are files uploaded, the same bytes however often.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import paramiko
from psycopg.rows import class_row, dict_row

from include import spreadsheets
from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.intake import remote

COLUMNS: Mapping[str, str] = {
    "Reference No": "reference",
    "HC Inventory Adj Id": "reference",
    "Adjustment Account": "adjustment_account",
    "Item": "id_value",
    "Adjust Qty By": "quantity",
    "Location": "external_facility_id",
    "Adjustment Location": "external_facility_id",
    "Facility Name": "facility_name",
    "Date": "effective_date",
    "Memo": "memo",
    "Subsidiary": "subsidiary",
    "Item Tag": "nothing",
    "idValue": "id_value",
    "idType": "id_type",
    "externalFacilityId": "external_facility_id",
    "availableDelta": "quantity",
    "locationSeqId": "nothing",
    "varianceReasonId": "variance_reason_id",
    "comments": "memo",
}
"""The columns that a feed may have: NetSuite's adjustments, and HotWax's own form of a variance file."""

Row = dict[str, Any]
"""What is to be told of one variance, by the names of `select_untold_variances`."""

MOST_NAMED = 10
"""Rows that cannot be told that are named one by one."""


class FeedMisconfigured(NeedsAction):
    """The feed cannot be written as it is configured."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A row of `variance_feed`, whose columns are described there."""

    variance_feed_id: str
    property_resource: str
    export_path: str
    columns: Sequence[str]
    product_id_type: str
    adjustment_account: str | None
    subsidiary: str | None
    time_zone: str
    date_format: str
    export_from: datetime
    rows_per_file: int


@dataclass(frozen=True, slots=True)
class VarianceFile:
    """A file that is frozen and has not been uploaded."""

    variance_file_id: int
    remote_file_path: str
    content: bytes
    record_count: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has found to tell.

    Attributes:
        files: The paths of the files.
        rows: How many variances they hold.
        untold: Why others could not be told, a sentence each; they are tried again by the next run.
    """

    files: tuple[str, ...]
    rows: int
    untold: tuple[str, ...]


def feed(connection: Connection, variance_feed_id: str) -> Feed:
    """Read a feed's configuration.

    Raises:
        FeedMisconfigured: There is none, or it names a column that there is not.
    """
    with connection.cursor(row_factory=class_row(Feed)) as cursor:
        found = cursor.execute(
            statement(__file__, "select_variance_feed"), {"variance_feed_id": variance_feed_id}
        ).fetchone()
    if found is None:
        raise FeedMisconfigured(f"{variance_feed_id!r}: no such row in variance_feed; correct the parameter")
    if unknown := [name for name in found.columns if name not in COLUMNS]:
        raise FeedMisconfigured(
            f"{variance_feed_id}: variance_feed.columns names {unknown}; expected some of {list(COLUMNS)}"
        )
    return found


def forecast(connection: Connection, configured: Feed) -> Told:
    """Say what a run would tell, and change nothing."""
    complaints: set[str] = set()
    with connection.transaction():
        rows = sum(len(each) for each in _tellable(connection, configured, complaints))
    return Told((), rows, _named(complaints))


def freeze(connection: Connection, configured: Feed) -> Told:
    """Freeze what has not been told into files of at most `rows_per_file`, in one transaction.

    Doing it again freezes nothing: what is in a file is in no other one. In memory there is one file at a time.

    Args:
        connection: Trueup's database, outside a transaction.
        configured: The feed.

    Raises:
        FeedMisconfigured: The file has a column whose constant was not entered. Nothing was frozen.
    """
    complaints: set[str] = set()
    paths: list[str] = []
    told = 0
    with connection.transaction():
        connection.execute(b"LOCK TABLE exported_variance IN SHARE ROW EXCLUSIVE MODE")
        for rows in _tellable(connection, configured, complaints):
            paths.append(_freeze_file(connection, configured, rows))
            told += len(rows)
    return Told(tuple(paths), told, _named(complaints))


def waiting(connection: Connection, configured: Feed) -> list[VarianceFile]:
    """List the files that were frozen and not uploaded, oldest first."""
    with connection.cursor(row_factory=class_row(VarianceFile)) as cursor:
        parameters = {"variance_feed_id": configured.variance_feed_id}
        return cursor.execute(statement(__file__, "select_variance_files"), parameters).fetchall()


def upload(connection: Connection, sftp: paramiko.SFTPClient, configured: Feed) -> list[str]:
    """Upload what waits: under another name first, then renamed, then noted as uploaded.

    Who dies between the last two uploads the same bytes under the same name again.

    Args:
        connection: Trueup's database. The caller holds the feed's lock.
        sftp: The feed's server.
        configured: The feed.

    Returns:
        The paths of the files, oldest first.

    Raises:
        NotWritten: A file could not be uploaded; those before it are.
    """
    uploaded = []
    for file in waiting(connection, configured):
        remote.write(sftp, file.remote_file_path, iter([file.content]))
        connection.execute(
            b"UPDATE variance_file SET uploaded_at = now() WHERE variance_file_id = %s", [file.variance_file_id]
        )
        uploaded.append(file.remote_file_path)
    return uploaded


def _tellable(connection: Connection, configured: Feed, complaints: set[str]) -> Iterator[list[Row]]:
    """What was not told and can be, in order, a file's rows at a time; why other things cannot goes to `complaints`."""
    parameters = {
        "export_from": configured.export_from,
        "product_id_type": configured.product_id_type,
        "time_zone": configured.time_zone,
        "date_format": configured.date_format,
    }
    gathered: list[Row] = []
    with connection.cursor(name="untold", row_factory=dict_row) as cursor:
        cursor.itersize = configured.rows_per_file
        for row in cursor.execute(statement(__file__, "select_untold_variances"), parameters):
            if row["complaint"] is not None:
                complaints.add(row["complaint"])
                continue
            _require_constants(configured)
            gathered.append(row)
            if len(gathered) == configured.rows_per_file:
                yield gathered
                gathered = []
    if gathered:
        yield gathered


def _named(complaints: set[str]) -> tuple[str, ...]:
    told = sorted(complaints)
    if len(told) > MOST_NAMED:
        told = [*told[:MOST_NAMED], f"and {len(told) - MOST_NAMED:,} more of the kind"]
    return tuple(told)


def _require_constants(configured: Feed) -> None:
    for column, name in (("adjustment_account", "Adjustment Account"), ("subsidiary", "Subsidiary")):
        if name in configured.columns and not getattr(configured, column):
            raise FeedMisconfigured(
                f"{configured.variance_feed_id}: the file has the column {name!r}, and variance_feed.{column} is empty;"
                " enter NetSuite's internal id there, or take the column out of variance_feed.columns"
            )


def _freeze_file(connection: Connection, configured: Feed, rows: Sequence[Row]) -> str:
    written = [spreadsheets.record(configured.columns)]
    constant = {
        "adjustment_account": configured.adjustment_account,
        "subsidiary": configured.subsidiary,
        "id_type": configured.product_id_type,
        "nothing": "",
    }
    for row in rows:
        known = row | constant
        written.append(spreadsheets.record([str(known[COLUMNS[name]] or "") for name in configured.columns]))
    frozen = connection.execute(
        statement(__file__, "freeze_variance_file"),
        {
            "variance_feed_id": configured.variance_feed_id,
            "property_resource": configured.property_resource,
            "export_path": configured.export_path,
            "content": "".join(written).encode(),
            "record_count": len(rows),
        },
    ).fetchone()
    assert frozen is not None
    variance_file_id, path = frozen
    connection.execute(
        statement(__file__, "note_told_variances"),
        {
            "variance_file_id": variance_file_id,
            "details": [row["inventory_item_detail_id"] for row in rows],
            "receipts": [row["shipment_receipt_id"] for row in rows],
        },
    )
    return str(path)
