"""Cuts a stream of JSON into numbered elements, of which only one is held at a time.

The ends of an element are found by its brackets, and Python's own json reads what lies between. No streaming parser
does it: the backends of ijson disagree on half surrogate pairs, and the fast one turns them into other characters.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from include.intake.errors import FileRefused

LARGEST_ELEMENT = 1 << 20
"""Bytes that one element may have."""

DEEPEST = 32
"""Brackets that may be open at a time, the outermost included."""

LONGEST_NUMBER = 100
"""Characters that a number may have, and the power of ten that it may reach: more than any quantity or identifier."""

RAW_KEPT = 2000
"""Characters of a malformed element that are kept for the reject."""

_READ_AT_ONCE = 64 * 1024

_BLANK = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,\[\]{}"]++(?=[ \t\r\n,\[\]{}"])')
# Steps over whole strings; stops at a bracket, or at the quote of a string whose end is not there yet.
_NEXT_BRACKET = re.compile(rb'[^\[\]{}"]*+(?:%b[^\[\]{}"]*+)*+([\[\]{}"])' % _STRING.pattern, re.DOTALL)
_NOT_STORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True, slots=True)
class Record:
    """One element of a file.

    Attributes:
        number: Its place in the file, counted from 1.
        value: The object; numbers are int or Decimal. Empty where the element is malformed.
        malformed: Why this element, and no other, cannot be taken; None where it can.
        raw: The beginning of a malformed element as it stands in the file; empty otherwise.
    """

    number: int
    value: dict[str, object]
    malformed: str | None = None
    raw: str = ""


def records(blocks: Iterator[bytes], file_name: str) -> Iterator[Record]:
    """Read the elements of a JSON array, a single object, or JSON Lines with one object a line.

    Args:
        blocks: The file as UTF-8 without a byte order mark, in blocks of any size.
        file_name: For messages.

    Yields:
        Every element, once, in order.

    Raises:
        FileRefused: The file is no such JSON, or ends before it should, or has an element larger than
            `LARGEST_ELEMENT` or deeper than `DEEPEST`. The message names the offset of the byte, counted from 0.
            Elements before that place have been handed out by then.
    """
    source = _Source(blocks, file_name)
    first = source.next_character()
    if first == b"[":
        elements = _of_array(source)
    elif first == b"{":
        elements = _of_lines(source)
    else:
        source.refuse(f"found {_shown(first)}", "expected [ or {: an array of objects, or one object a line")
    parser = _Parser(source)
    for number, (offset, element) in enumerate(elements, 1):
        yield parser.record(number, offset, element)


class _Source:
    """The file's bytes, from the first that is still needed to the last that has been read."""

    def __init__(self, blocks: Iterator[bytes], file_name: str) -> None:
        self._blocks = blocks
        self._name = file_name
        self._base = 0
        self._ended = False
        self.data = b""
        self.at = 0
        self.line_ended = False

    @property
    def offset(self) -> int:
        """Where in the file the present place is."""
        return self._base + self.at

    def refuse(self, found: str, expected: str, offset: int | None = None) -> NoReturn:
        """Refuse the file for what is at an offset: the present place, if not said otherwise."""
        place = self.offset if offset is None else offset
        raise FileRefused(
            f"{self._name}: byte {place:,}: {found}; {expected}. Nothing of the file is taken: correct it, or export"
            " it again"
        )

    def next_character(self) -> bytes:
        """Step over blanks; returns the byte behind them, or nothing at the end of the file."""
        self.line_ended = False
        while True:
            blank = _BLANK.match(self.data, self.at)
            assert blank is not None
            self.line_ended = self.line_ended or b"\n" in blank[0] or b"\r" in blank[0]
            self.at = blank.end()
            if self.at < len(self.data):
                return self.data[self.at : self.at + 1]
            if not self._more():
                return b""

    def need_more(self) -> None:
        """Read on within an element that begins at the present place."""
        if len(self.data) - self.at > LARGEST_ELEMENT:
            self.refuse_size()
        if not self._more():
            self.refuse(
                "an element begins that has no end",
                f"expected one before the file ends at byte {self._base + len(self.data):,}",
            )

    def refuse_size(self) -> NoReturn:
        """Refuse the file for the size of the element that begins at the present place."""
        self.refuse("an element begins that has no end", f"expected one within {LARGEST_ELEMENT:,} bytes")

    def _more(self) -> bool:
        """Forget what lies before the present place and read on; returns whether there was more."""
        parts = [self.data[self.at :]]
        size = 0
        while not self._ended and size < _READ_AT_ONCE:
            block = next(self._blocks, None)
            if block is None:
                self._ended = True
            else:
                parts.append(block)
                size += len(block)
        self._base += self.at
        self.data, self.at = b"".join(parts), 0
        return size > 0


def _of_array(source: _Source) -> Iterator[tuple[int, bytes]]:
    source.at += 1
    separator = b"["
    while (found := source.next_character()) != b"]" or separator == b",":
        yield _element(source, found, depth=1)
        separator = source.next_character()
        if separator == b"]":
            break
        if separator != b",":
            source.refuse(f"found {_shown(separator)} behind an element", "expected , or ]")
        source.at += 1
    source.at += 1
    if behind := source.next_character():
        source.refuse(f"found {_shown(behind)} behind the array", "expected the end of the file")


def _of_lines(source: _Source) -> Iterator[tuple[int, bytes]]:
    is_first = True
    while found := source.next_character():
        if not is_first and not source.line_ended:
            source.refuse(f"found {_shown(found)} behind an object", "expected the end of the line")
        yield _element(source, found, depth=0)
        is_first = False


def _element(source: _Source, found: bytes, depth: int) -> tuple[int, bytes]:
    """Take the element that begins at the present place with the byte `found`, inside `depth` open brackets.

    Returns:
        Its offset in the file, and its bytes.
    """
    if found in (b"{", b"["):
        size = _size_in_brackets(source, depth)
    elif found in (b"", b",", b"]", b"}"):
        source.refuse(f"found {_shown(found)}", "expected an object")
    else:
        size = _size_of_scalar(source, _STRING if found == b'"' else _SCALAR)
    if size > LARGEST_ELEMENT:
        source.refuse_size()
    offset, element = source.offset, source.data[source.at : source.at + size]
    source.at += size
    return offset, element


def _size_in_brackets(source: _Source, depth: int) -> int:
    around, done = depth, 0
    while True:
        token = _NEXT_BRACKET.match(source.data, source.at + done)
        bracket = token[1] if token else b'"'
        if bracket == b'"':
            source.need_more()
            continue
        assert token is not None
        done = token.end() - source.at
        if done > LARGEST_ELEMENT:
            source.refuse_size()
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            source.refuse(f"{depth} brackets open at a time", f"expected at most {DEEPEST}", source.offset + done - 1)
        if depth == around:
            return done


def _size_of_scalar(source: _Source, pattern: re.Pattern[bytes]) -> int:
    while (scalar := pattern.match(source.data, source.at)) is None:
        source.need_more()
    return len(scalar[0])


class _Parser:
    """Reads elements, and remembers what is wrong with an element that is JSON for all that."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._complaints: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._decimal,
            parse_int=self._integer,
            parse_constant=_no_number,
        )

    def record(self, number: int, offset: int, element: bytes) -> Record:
        """Read one element that begins at an offset of the file."""
        self._complaints.clear()
        try:
            text = element.decode()
            value = self._decoder.decode(text)
        except UnicodeDecodeError as error:
            bad = f"0x{element[error.start]:02x} is not UTF-8"
            self._source.refuse(bad, "expected the file as UTF-8", offset + error.start)
        except json.JSONDecodeError as error:
            at = offset + len(text[: error.pos].encode())
            self._source.refuse(f"element {number:,} is not JSON", f"{error.msg[:1].lower()}{error.msg[1:]}", at)
        except _NoNumber as error:
            self._source.refuse(f"element {number:,} holds {error}", "expected numbers in digits only", offset)
        if not isinstance(value, dict):
            self._complaints.insert(0, f"found {_kind(value)}, expected an object in braces")
        elif _NOT_STORABLE.search(element) and not _is_storable(value):
            self._complaints.append("holds \\u0000 or half of a surrogate pair, expected whole characters")
        if self._complaints:
            return Record(number, {}, self._complaints[0], text[:RAW_KEPT])
        return Record(number, value)

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self._complaints.append(f"key {_cut(repr(twice))} stands there twice")
        return value

    def _integer(self, digits: str) -> int:
        if len(digits) <= LONGEST_NUMBER:
            return int(digits)
        self._complaints.append(f"number {_cut(digits)} is out of range")
        return 0

    def _decimal(self, digits: str) -> Decimal:
        try:
            number = Decimal(digits)
        except ArithmeticError:
            number = Decimal("NaN")
        if len(digits) <= LONGEST_NUMBER and number.is_finite() and abs(number.adjusted()) <= LONGEST_NUMBER:
            return number
        self._complaints.append(f"number {_cut(digits)} is out of range")
        return Decimal(0)


class _NoNumber(Exception):
    """NaN or Infinity, which Python reads and JSON does not know."""


def _no_number(name: str) -> NoReturn:
    raise _NoNumber(name)


def _is_storable(value: object) -> bool:
    """Tell whether Postgres can keep every string in a value."""
    if isinstance(value, dict):
        return all(_is_storable(name) and _is_storable(each) for name, each in value.items())
    if isinstance(value, list):
        return all(map(_is_storable, value))
    return not isinstance(value, str) or not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value)


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return "an array"
    return "a string" if isinstance(value, str) else "a number"


def _shown(character: bytes) -> str:
    if not character:
        return "the end of the file"
    return character.decode() if b"!" <= character <= b"~" else f"byte 0x{character[0]:02x}"


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "..."
