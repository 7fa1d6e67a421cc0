"""What must hold of the readers, whatever a file holds: used by the properties and by the coverage-guided fuzzer."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any, NoReturn

from include.intake import json_records, lines, staging, text
from include.intake.errors import FileRefused
from include.intake.json_records import Record

NAME = "upload.txt"

Row = list[str]


def cut(content: bytes, size: int) -> Iterator[bytes]:
    """A file in blocks of a size."""
    return (content[at : at + size] for at in range(0, len(content), size))


def read(content: bytes, encoding: str, size: int) -> list[Record] | list[Row] | str:
    """Read a file as the intake does; returns its records or rows as they go to the database, or the refusal."""
    try:
        start, blocks = text.peek(text.as_utf8(cut(content, size), encoding, NAME), 64)
        if text.looks_like_json(start):
            return list(json_records.records(blocks, NAME))
        blocks = lines.with_line_feeds(blocks, NAME)
        try:
            line, rest = staging.read_header(blocks, NAME)
        except FileRefused:
            return f"{NAME}: line 1: no header"
        return rows(rest, width_of(line))
    except FileRefused as refusal:
        message = str(refusal)
        assert message.startswith(f"{NAME}: ")
        return message


def rows(blocks: Iterator[bytes], width: int) -> list[Row]:
    """The rows as `COPY` would read them: line number, fields, malformed, raw line."""
    csv.field_size_limit(2 * lines.LONGEST_LINE)
    copied = b"".join(lines.number_records(blocks, width, b",", first_line=2)).decode()
    return list(csv.reader(io.StringIO(copied, newline=""), strict=True))


def width_of(header: bytes) -> int:
    """Fields of a header."""
    return max(header.count(b",") + 1, 2)


def check(content: bytes, encoding: str, size: int) -> list[Record] | list[Row] | str:
    """Read a file in one block and in many, and compare both with each other and with Python's own readers.

    Returns:
        What was read, or the refusal.

    Raises:
        AssertionError: A promise is broken.
    """
    found = read(content, encoding, size)
    whole = read(content, encoding, max(len(content), 1))
    assert found == whole, "the blocks make a difference"
    try:
        utf8 = b"".join(text.as_utf8(cut(content, size), encoding, NAME))
    except FileRefused:
        return found
    if text.looks_like_json(utf8[:64]):
        _check_json(utf8, found)
    elif not isinstance(found, str):
        _check_rows(utf8, found)
    return found


def _check_rows(utf8: bytes, found: list[Any]) -> None:
    header, _, body = utf8.partition(b"\n")
    width = width_of(header.removesuffix(b"\r"))
    assert all(len(row) == width + 3 for row in found)
    numbers = [int(row[0]) for row in found]
    assert all(earlier < later for earlier, later in pairwise(numbers))
    assert all(bool(row[-2]) == bool(row[-1]) for row in found)
    physical = body.split(b"\n")
    filled = [number for number, line in enumerate(physical, 2) if line.strip()]
    assert set(numbers) <= set(range(2, len(physical) + 2))
    assert numbers[:1] == filled[:1], "the first row is not that of the first line"
    if not any(bad in body for bad in (b'"', b"\r", b"\0")):
        assert numbers == filled, "a line was left out or taken twice"
        for row in found:
            _check_plain_line(physical[int(row[0]) - 2], row, width)


def _check_plain_line(line: bytes, row: Row, width: int) -> None:
    try:
        fields = line.decode().split(",")
    except UnicodeDecodeError:
        assert row[-2]
        return
    if len(fields) == width and len(line) <= lines.LONGEST_LINE:
        assert row[1:-2] == fields
        assert not row[-2]
    else:
        assert row[-2]
        assert row[-1] == line.decode()[: lines.RAW_KEPT]


def _check_json(utf8: bytes, found: Any) -> None:
    expected = _by_python(utf8)
    if isinstance(found, str):
        limits = ("brackets open at a time", "an element begins that has no end; expected one within")
        assert expected is None or any(limit in found for limit in limits), f"refused without need: {found}"
        return
    assert expected is not None, "taken, though it is no JSON"
    assert [record.number for record in found] == list(range(1, len(expected) + 1))
    for record, value in zip(found, expected, strict=True):
        assert (record.malformed is None) == (record.raw == "")
        if record.malformed is None:
            assert record.value == value
        if not isinstance(value, dict):
            assert record.malformed is not None


def _by_python(utf8: bytes) -> list[Any] | None:
    """The elements as Python's json reads them all at once; None if it is no JSON of the kinds that are taken."""
    decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_number, parse_int=_number)
    try:
        content = utf8.decode()
        if content.lstrip(" \t\r\n").startswith("["):
            return list(decoder.decode(content))
        values, at = [], _behind_blanks(content, 0)
        while at < len(content):
            value, end = decoder.raw_decode(content, at)
            values.append(value)
            at = _behind_blanks(content, end)
            # A scalar at the very end of the last line cannot be told from one that was cut off.
            cut_off = at == len(content) == end and not isinstance(value, dict | list | str)
            if cut_off or (at < len(content) and not set("\r\n") & set(content[end:at])):
                return None
    except (ValueError, RecursionError):
        return None
    return values


def _behind_blanks(content: str, at: int) -> int:
    while at < len(content) and content[at] in " \t\r\n":
        at += 1
    return at


def _number(digits: str) -> Any:
    try:
        return Decimal(digits)
    except ArithmeticError:
        return 0


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
