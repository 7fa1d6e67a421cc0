"""The way of a file's bytes into a staging table, by its header, without changing or judging them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from include.db.connection import Connection
from include.intake.errors import FileRefused
from include.intake.lines import number_records

LONGEST_HEADER = 64 * 1024
MOST_EXTRA_COLUMNS = 24
"""Columns that a feed has no use for and that are only kept for the reject file. As many as the staging tables hold."""

OUR_OWN_COLUMNS = ("error", "line")
"""What a reject file carries in front of the original columns: ignored when it is dropped again."""


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


def read_header(blocks: Iterator[bytes], file_name: str) -> tuple[bytes, Iterator[bytes]]:
    """Separate the first line from the rest.

    Returns:
        The first line without its end and without a byte order mark, and the blocks that follow.

    Raises:
        FileRefused: The file is empty, is no UTF-8 text, or has no end of line near its beginning.
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
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileRefused(
            f"{file_name}: line 1: the file is UTF-16; expected UTF-8. Save it as UTF-8 and upload it again"
        )
    line, _, rest = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
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
        known: Staging column for each name, written as by `plain_name`.
        file_name: For messages.

    Raises:
        FileRefused: A known name stands there twice, or there are too many fields.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"{file_name}: line 1: byte {error.start + 1} is not UTF-8. Save the file as UTF-8"
        ) from error
    fields: list[tuple[str, str]] = []
    extra = 0
    for position, field in enumerate(text.split(delimiter), 1):
        written = field.strip().strip('"').strip()
        column = known.get(plain_name(written))
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


def copy_records(connection: Connection, table: str, header: Header, delimiter: str, blocks: Iterable[bytes]) -> None:
    """Copy a file's records, numbered, into a staging table.

    Args:
        connection: Inside the transaction that the staging table lives in.
        table: Name of the staging table.
        header: Where each field goes.
        delimiter: What separates the fields.
        blocks: The file behind its header.
    """
    columns = ["line_number", *header.columns, "malformed", "raw_line"]
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER {})").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Literal(delimiter)
    )
    width = len(header.fields)
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for records in number_records(blocks, width, delimiter.encode(), first_line=2):
            copy.write(records)
