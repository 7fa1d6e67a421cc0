"""Cuts a stream of bytes into numbered CSV records that `COPY` takes without objection.

`COPY` gives up on the first crooked line and knows no line numbers. So each record goes to it as

    line number, the fields as they came, malformed, raw line

where `malformed` says what is wrong with a record whose fields could not be taken, and is empty otherwise. Lines
without quotes, by far the most, are only counted and prefixed. In the others a quote opens a field only at its
beginning, as in Python's csv module and in spreadsheets: `5" tube` needs none.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from include.intake.errors import FileRefused
from include.intake.text import peek

LONGEST_LINE = 1 << 20
"""Bytes after which a line without an end is given up."""

MOST_LINES_PER_RECORD = 20
"""Lines that one quoted record may span before its opening quote is taken for a stray one."""

RAW_KEPT = 2000
"""Characters of a malformed line that are kept for the reject."""


_LINE_ENDS_SHOW = 64 * 1024
"""Bytes within which the first line of a file must end."""


class Numbering:
    """Numbers the records of one file. Feed it blocks in order, then finish it.

    Args:
        width: Fields that each record must have, two or more.
        delimiter: The single byte between fields.
        first_line: Number of the first line that will be fed.
    """

    def __init__(self, width: int, delimiter: bytes = b",", first_line: int = 2) -> None:
        self._width = width
        self._delimiter = delimiter
        self._good = b"%d" + delimiter + b"%b" + delimiter * 2
        self._grammar = _Grammar(width, delimiter)
        self._line = first_line
        self._carry = b""
        self._skipping = False
        self._open: list[bytes] = []

    def feed(self, block: bytes) -> bytes:
        """Take the next block of the file, of any size; returns the records completed by it, ready for `COPY`."""
        block = self._carry + block
        end = block.rfind(b"\n") + 1
        body, self._carry = block[:end], block[end:]
        records: list[bytes] = []
        if body and self._skipping:
            body = body[body.index(b"\n") + 1 :]
            self._skipping = False
            self._line += 1
        if body:
            self._take(body, records)
        # What ends the line may still be among its last bytes.
        if len(self._carry) > LONGEST_LINE + len(b"\r\r\n"):
            self._skip_line(records)
        return _joined(records)

    def finish(self) -> bytes:
        """Close the file; returns the records that were still open."""
        records: list[bytes] = []
        if self._carry and not self._skipping:
            self._take(self._carry + b"\n", records)
        self._give_up_open(records)
        return _joined(records)

    def _take(self, body: bytes, records: list[bytes]) -> None:
        if b"\r" in body:  # CRLF, or CRCRLF from a file that was sent as text once too often
            body = body.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
        lines = body[:-1].split(b"\n")
        clean = not self._open and _is_short_and_clean(body)
        if not clean or b'"' in body:
            self._take_carefully(deque(lines), records, clean=clean)
            return
        good, delimiter, delimiters = self._good, self._delimiter, self._width - 1
        numbered = [
            good % (number, line) if line.count(delimiter) == delimiters else self._crooked(number, line)
            for number, line in enumerate(lines, self._line)
        ]
        self._line += len(lines)
        records.extend(filter(None, numbered))

    def _take_carefully(self, lines: deque[bytes], records: list[bytes], *, clean: bool) -> None:
        """Take lines one by one. `clean` says that nothing but their quotes and fields is left to be looked at."""
        while lines:
            line = lines.popleft()
            if not self._open and (clean or _is_short_and_clean(line)) and self._grammar.good(line):
                records.append(self._good % (self._line, line))
                self._line += 1
            elif self._open and len(line) > LONGEST_LINE:
                lines.appendleft(line)
                lines.extendleft(reversed(self._give_up_first(records)))
            else:
                self._open.append(line)
                lines.extendleft(reversed(self._close(records)))

    def _close(self, records: list[bytes]) -> list[bytes]:
        """Take the open lines as a record, if they are one; hands back those that must be read on their own."""
        several = len(self._open) > 1
        too_long = sum(map(len, self._open)) > LONGEST_LINE
        if not too_long and self._grammar.leaves_quote_open(self._open[-1], inside=several):
            return self._give_up_first(records) if len(self._open) == MOST_LINES_PER_RECORD else []
        raw = b"\n".join(self._open)
        if several and (too_long or not self._grammar.is_record(raw)):
            return self._give_up_first(records)
        records.extend(filter(None, [self._record(self._line, raw)]))
        self._line += len(self._open)
        self._open = []
        return []

    def _give_up_first(self, records: list[bytes]) -> list[bytes]:
        """Refuse the line with the stray quote, and hand back those behind it to be read on their own."""
        first, *others = self._open
        reason = f"a quote is opened and not closed within {len(self._open)} lines"
        records.append(self._malformed(self._line, reason, first))
        self._line += 1
        self._open = []
        return others

    def _give_up_open(self, records: list[bytes]) -> None:
        while self._open:
            self._take_carefully(deque(self._give_up_first(records)), records, clean=False)

    def _skip_line(self, records: list[bytes]) -> None:
        """Drop a line that has grown too long, here and in the blocks to come."""
        if not self._skipping:
            self._give_up_open(records)
            records.append(self._record(self._line, self._carry))
        self._skipping, self._carry = True, b""

    def _record(self, number: int, raw: bytes) -> bytes:
        """One record of whatever bytes: nothing at all if it is blank."""
        if len(raw) > LONGEST_LINE:
            reason = f"line longer than {LONGEST_LINE:,} bytes"
            if b"\r" in raw[:LONGEST_LINE]:
                reason += "; it holds carriage returns; expected each line to end in LF or CRLF"
            return self._malformed(number, reason, raw)
        line = raw.rstrip(b"\r")
        if not line.strip():
            return b""
        reason, fields = self._parse(line)
        if reason:
            return self._malformed(number, reason, raw)
        return self._good % (number, self._delimiter.join(_quote(field) if field else b"" for field in fields))

    def _parse(self, raw: bytes) -> tuple[str, list[bytes]]:
        if b"\0" in raw:
            return "contains a NUL byte", []
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            return f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8: save the file as UTF-8", []
        if not self._grammar.is_record(raw):
            return self._grammar.what_is_wrong(raw), []
        fields = self._grammar.fields(raw)
        if len(fields) == self._width:
            return "", fields
        lines = raw.count(b"\n") + 1
        together = f" ({lines} lines make one record, because of a quote)" if lines > 1 else ""
        return self._ragged(len(fields)) + together, []

    def _crooked(self, number: int, line: bytes) -> bytes:
        """A plain line with another number of fields: nothing at all if it is blank."""
        if not line.strip():
            return b""
        return self._malformed(number, self._ragged(line.count(self._delimiter) + 1), line)

    def _ragged(self, found: int) -> str:
        return f"{found} fields, expected {self._width} as in the header"

    def _malformed(self, number: int, reason: str, raw: bytes) -> bytes:
        shown = raw[: 4 * RAW_KEPT].decode(errors="replace").replace("\0", "\ufffd")
        if len(raw) > 4 * RAW_KEPT or len(shown) > RAW_KEPT:
            reason += f" (the reject keeps its first {RAW_KEPT:,} characters)"
        empty_fields = self._delimiter * self._width
        told = self._delimiter.join((b"", _quote(reason.encode()), _quote(shown[:RAW_KEPT].encode())))
        return b"%d%b%b" % (number, empty_fields, told)


class _Grammar:
    """What a record may look like. None of the patterns backs up, whatever the bytes."""

    def __init__(self, width: int, delimiter: bytes) -> None:
        between = re.escape(delimiter)
        quoted = rb'"(?:[^"]++|"")*+"'
        free = rb'(?:[^"\r\n%b][^\r\n%b]*+)?+' % (between, between)
        field = rb"(?:%b(?=%b|\Z)|%b)" % (quoted, between, free)
        # An empty field in quotes is no NULL to `COPY`, and a quote within a field opens one: these are rewritten.
        untouched = rb'(?:"(?:[^"]++|"")++"|[^"\r\n%b]*+)' % between
        self._good = re.compile(rb"%b(?:%b%b){%d}" % (untouched, between, untouched, width - 1))
        self._record = re.compile(rb"%b(?:%b%b)*+" % (field, between, field))
        opening = rb'(?:%b%b)*+"(?:[^"]++|"")*+' % (field, between)
        self._opens = re.compile(opening + rb"\Z")
        self._keeps_open = re.compile(rb'(?:[^"]++|"")*+(?:"%b%b)*+\Z' % (between, opening))
        self._field = re.compile(rb"(?:\A|%b)(?:%b(?=%b|\Z)|%b)" % (between, quoted, between, free))
        self._delimiter = delimiter

    def good(self, raw: bytes) -> bool:
        """Tell whether a record has its fields, and `COPY` reads them as they stand."""
        return self._good.fullmatch(raw) is not None

    def is_record(self, raw: bytes) -> bool:
        """Tell whether bytes are one whole record, of however many fields."""
        return self._record.fullmatch(raw) is not None

    def leaves_quote_open(self, line: bytes, *, inside: bool) -> bool:
        """Tell whether a record goes on behind a line. `inside` says that the line itself begins within quotes."""
        return (self._keeps_open if inside else self._opens).match(line) is not None

    def fields(self, raw: bytes) -> list[bytes]:
        """The fields of a whole record, without their quotes."""
        found = [match[0].removeprefix(self._delimiter) for match in self._field.finditer(raw)]
        return [each[1:-1].replace(b'""', b'"') if each.startswith(b'"') else each for each in found]

    def what_is_wrong(self, raw: bytes) -> str:
        """Say why bytes are no record."""
        start = self._record.match(raw)
        assert start is not None
        if raw[start.end() : start.end() + 1] in (b"\r", b"\n"):
            return "a carriage return outside quotes; expected each line to end in LF or CRLF"
        number = len(self.fields(raw[: start.end()]))
        return f"field {number} goes on behind its closing quote; a quote inside quotes must be doubled"


def crooked_fields(line: str, delimiter: str) -> list[str]:
    """Split a malformed line as well as it goes: whole quoted fields without their quotes, all else as it stands."""
    between = re.escape(delimiter)
    field = re.compile(rf'(?:\A|{between})(?:"((?:[^"]++|"")*+)"(?={between}|\Z)|([^{between}]*+))')
    return [found[2] if found[1] is None else found[1].replace('""', '"') for found in field.finditer(line)]


def with_line_feeds(blocks: Iterator[bytes], file_name: str) -> Iterator[bytes]:
    """Refuse a file whose lines end in CR alone, as on the first Macintosh: it would be one endless line.

    Args:
        blocks: A CSV file as UTF-8.
        file_name: For messages.

    Returns:
        The whole file.

    Raises:
        FileRefused: There are carriage returns where the first line feed should be.
    """
    start, blocks = peek(blocks, _LINE_ENDS_SHOW)
    if b"\n" not in start and b"\r" in start:
        raise FileRefused(
            f"{file_name}: byte {start.index(13):,}: lines end in CR alone (classic Mac OS); expected LF or CRLF."
            " Save it as CSV UTF-8 and upload it again"
        )
    return blocks


def number_records(blocks: Iterable[bytes], width: int, delimiter: bytes, first_line: int) -> Iterator[bytes]:
    """Number all records of a file.

    Args:
        blocks: The file behind its header, in blocks of any size.
        width: Fields that each record must have.
        delimiter: The single byte between fields.
        first_line: Line number of the first byte of `blocks`.

    Yields:
        Bytes for `COPY ... (FORMAT csv)`.
    """
    numbering = Numbering(width, delimiter, first_line)
    for block in blocks:
        if records := numbering.feed(block):
            yield records
    if records := numbering.finish():
        yield records


def _joined(records: list[bytes]) -> bytes:
    return b"\n".join(records) + b"\n" if records else b""


def _is_short_and_clean(body: bytes) -> bool:
    """Tell whether no line can be too long and nothing is there that could only be within quotes, or nowhere."""
    if len(body) > LONGEST_LINE or b"\0" in body or b"\r" in body:
        return False
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quote(text: bytes) -> bytes:
    return b'"' + text.replace(b'"', b'""') + b'"'
