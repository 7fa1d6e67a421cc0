"""The way of a file's bytes into the temporary table `staged`, by its header, without changing or judging them."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from include.db.connection import Connection
from include.intake.errors import FileRefused
from include.intake.json_records import Record
from include.intake.lines import number_records
from include.spreadsheets import DISARMED, armed

LONGEST_HEADER = 64 * 1024
MOST_EXTRA_COLUMNS = 100
"""Columns that a feed has no use for and that are only kept for the reject file."""

OUR_OWN_COLUMNS = {"error": "error", "line": "line"}
"""What a reject file carries in front of the original columns."""

IDENTIFYING_COLUMNS = ("facility_id", "external_facility_id", "product_id", "id_type", "id_value", "quantity")
"""Staging columns that every feed has, empty where its files do not: what `rows.resolve` looks at."""


_ENCODER = json.JSONEncoder(default=str)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one file: each field as it was written, and the staging column that it goes to."""

    fields: tuple[tuple[str, str], ...]

    @property
    def written(self) -> list[str]:
        """The names as they stand in the file."""
        return [name for name, _ in self.fields]

    @property
    def columns(self) -> list[str]:
        """The staging columns, in the file's order."""
        return [column for _, column in self.fields]


@dataclass(frozen=True, slots=True)
class JsonRow:
    """One row that stands in an element of a JSON file.

    Attributes:
        columns: Its staging columns, as text.
        element: The element with nothing in it but this row: what goes into the reject file.
        malformed: Why the row cannot be taken, where that is known already.
    """

    columns: Mapping[str, str | None]
    element: Mapping[str, object]
    malformed: str | None = None


def read_header(blocks: Iterator[bytes], file_name: str) -> tuple[bytes, Iterator[bytes]]:
    """Separate the first line from the rest.

    Args:
        blocks: The file as UTF-8, without a byte order mark.
        file_name: For messages.

    Returns:
        The first line without its end, and the blocks that follow.

    Raises:
        FileRefused: The file is empty, or has no end of line near its beginning.
    """
    start = b""
    while b"\n" not in start and len(start) <= LONGEST_HEADER:
        block = next(blocks, None)
        if block is None:
            break
        start += block
    if not start.strip():
        raise FileRefused(
            f"{file_name}: the file is empty; expected a header line and rows. Export and upload it again"
        )
    line, _, rest = start.partition(b"\n")
    if len(line) > LONGEST_HEADER:
        raise FileRefused(f"{file_name}: line 1 is longer than {LONGEST_HEADER:,} bytes; expected a header line")

    def remaining() -> Iterator[bytes]:
        yield rest
        yield from blocks

    return line.removesuffix(b"\r"), remaining()


def match_header(line: bytes, delimiter: str, known: Mapping[str, str], file_name: str) -> Header:
    """Find each field's staging column by its name, in any case and order, spaces, `_` and `-` ignored.

    Args:
        line: The first line of the file.
        delimiter: What separates its fields.
        known: Staging column for each name.
        file_name: For messages.

    Raises:
        FileRefused: A known name stands there twice, or there are too many fields.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"{file_name}: line 1: byte {error.start + 1} is not UTF-8. Save the file as UTF-8, or set the feed's"
            " encoding in data_manager_config"
        ) from error
    if "\0" in text:
        raise FileRefused(
            f"{file_name}: line 1: byte {line.index(0) + 1} is NUL, which no text holds. The file was damaged, or is"
            " none: export it again as CSV UTF-8"
        )
    column_of = {plain_name(name): column for name, column in (dict(known) | OUR_OWN_COLUMNS).items()}
    fields: list[tuple[str, str]] = []
    extra = 0
    for position, field in enumerate(text.split(delimiter), 1):
        written = armed(field.strip().strip('"').strip())
        column = column_of.get(plain_name(written))
        if column is None:
            extra += 1
            column = f"extra_{extra}"
        elif column in {taken for _, taken in fields}:
            raise FileRefused(
                f"{file_name}: line 1: column {written!r} stands there twice (again as field {position});"
                " expected each column once. Correct the header and upload the file again"
            )
        fields.append((written, column))
    if extra > MOST_EXTRA_COLUMNS:
        raise FileRefused(f"{file_name}: line 1: {extra} unknown columns, expected at most {MOST_EXTRA_COLUMNS}")
    return Header(tuple(fields))


def plain_name(written: str) -> str:
    """A column name without case, spaces, `_` and `-`."""
    return re.sub(r"[\s_-]", "", written).lower()


def create(connection: Connection, header: Header, known: Mapping[str, str]) -> None:
    """Make the table `staged`, which vanishes with the transaction: every column that a row may have, as text.

    Args:
        connection: Inside the file's transaction.
        header: Which of the unknown columns the file has.
        known: The feed's columns; those that the file lacks stay NULL.
    """
    names = [*IDENTIFYING_COLUMNS, *known.values(), *OUR_OWN_COLUMNS.values(), *header.columns, "malformed", "raw_line"]
    columns = sql.SQL(", ").join(
        sql.SQL('{} text COLLATE "C"').format(sql.Identifier(name)) for name in dict.fromkeys(names)
    )
    connection.execute(
        sql.SQL("CREATE TEMP TABLE staged (line_number bigint NOT NULL, {}) ON COMMIT DROP").format(columns)
    )


def copy_records(connection: Connection, header: Header, delimiter: str, blocks: Iterable[bytes]) -> int:
    """Copy a CSV file's records, numbered, into `staged`.

    Args:
        connection: Inside the transaction that the staging table lives in.
        header: Where each field goes.
        delimiter: What separates the fields.
        blocks: The file behind its header.

    Returns:
        How many records there are.
    """
    columns = ["line_number", *header.columns, "malformed", "raw_line"]
    command = sql.SQL("COPY staged ({}) FROM STDIN (FORMAT csv, DELIMITER {})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Literal(delimiter)
    )
    width = len(header.fields)
    with connection.cursor() as cursor:
        with cursor.copy(command) as copy:
            for records in number_records(blocks, width, delimiter.encode(), first_line=2):
                copy.write(records)
        return cursor.rowcount


def copy_rows(connection: Connection, header: Header, rows: Iterable[tuple[JsonRow | None, Record]]) -> int:
    """Copy the rows of a JSON file, numbered from 1, into `staged`.

    Args:
        connection: Inside the transaction that the staging table lives in.
        header: The staging columns of the feed.
        rows: Each row with the element that it stands in; None where the element as a whole cannot be taken.

    Returns:
        How many rows there are.
    """
    columns = header.columns
    command = sql.SQL("COPY staged ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, ["line_number", *columns, "malformed", "raw_line"]))
    )
    number = 0
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for number, (row, record) in enumerate(rows, 1):
            if row is None:
                copy.write_row((number, *(None for _ in columns), record.malformed, record.raw))
            else:
                fields = (row.columns.get(column) for column in columns)
                copy.write_row((number, *fields, row.malformed, _ENCODER.encode(row.element)))
    return number


def arm(connection: Connection, columns: Collection[str]) -> int:
    """Do `armed` to the rows in `staged`, where they come from a file that Trueup has disarmed for spreadsheets.

    Args:
        connection: Inside the file's transaction, the rows copied and not yet looked at.
        columns: The staging columns that the file has.

    Returns:
        How many rows had such an apostrophe.
    """
    pattern = sql.Literal(f"^'(?={DISARMED})")
    changes = [
        sql.SQL("{0} = regexp_replace({0}, {1}, '')").format(sql.Identifier(column), pattern) for column in columns
    ]
    wanted = [sql.SQL("{} ~ {}").format(sql.Identifier(column), pattern) for column in columns]
    command = sql.SQL("UPDATE staged SET {} WHERE {}").format(sql.SQL(", ").join(changes), sql.SQL(" OR ").join(wanted))
    return connection.execute(command).rowcount
