"""Cuts a stream of bytes into numbered CSV records that `COPY` takes without objection.

`COPY` gives up on the first crooked line and knows no line numbers. So each record goes to it as

    line number, the fields as they came, malformed, raw line

where `malformed` says what is wrong with a record whose fields could not be taken, and is empty otherwise. Lines
without quotes, by far the most, are only counted and prefixed; the csv module reads the others.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator

LONGEST_LINE = 1 << 20
"""Bytes after which a line without an end is given up."""

MOST_LINES_PER_RECORD = 20
"""Lines that one quoted record may span before its opening quote is taken for a stray one."""

RAW_KEPT = 2000
"""Characters of a malformed line that are kept for the reject."""


class Numbering:
    """Numbers the records of one file. Feed it blocks in order, then finish it.

    Args:
        width: Fields that each record must have.
        delimiter: The single byte between fields.
        first_line: Number of the first line that will be fed.
    """

    def __init__(self, width: int, delimiter: bytes = b",", first_line: int = 2) -> None:
        self._width = width
        self._delimiter = delimiter
        self._good = b"%%d%b%%b%b" % (delimiter, delimiter * 2)
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
            self._take(body[:-1].replace(b"\r\n", b"\n").removesuffix(b"\r"), records)
        if len(self._carry) > LONGEST_LINE:
            self._skip_line(records)
        return _joined(records)

    def finish(self) -> bytes:
        """Close the file; returns the records that were still open."""
        records: list[bytes] = []
        if self._carry and not self._skipping:
            self._take(self._carry.removesuffix(b"\r"), records)
        self._give_up_open(records)
        return _joined(records)

    def _take(self, body: bytes, records: list[bytes]) -> None:
        lines = body.split(b"\n")
        if self._open or not _is_plain(body):
            self._take_carefully(deque(lines), records)
            return
        good, delimiter, delimiters = self._good, self._delimiter, self._width - 1
        numbered = [
            good % (number, line) if line.count(delimiter) == delimiters else self._crooked(number, line)
            for number, line in enumerate(lines, self._line)
        ]
        self._line += len(lines)
        records.extend(filter(None, numbered))

    def _take_carefully(self, lines: deque[bytes], records: list[bytes]) -> None:
        while lines:
            self._open.append(lines.popleft())
            if sum(line.count(b'"') for line in self._open) % 2 == 0:
                records.extend(filter(None, [self._record(self._line, b"\n".join(self._open))]))
                self._line += len(self._open)
                self._open = []
            elif len(self._open) == MOST_LINES_PER_RECORD:
                lines.extendleft(reversed(self._give_up_first(records)))

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
            self._take_carefully(deque(self._give_up_first(records)), records)

    def _skip_line(self, records: list[bytes]) -> None:
        """Drop a line that has grown too long, here and in the blocks to come."""
        if not self._skipping:
            self._give_up_open(records)
            records.append(self._malformed(self._line, f"line longer than {LONGEST_LINE:,} bytes", self._carry))
        self._skipping, self._carry = True, b""

    def _record(self, number: int, raw: bytes) -> bytes:
        if _is_plain(raw):
            as_it_is = raw.count(self._delimiter) == self._width - 1
            return self._good % (number, raw) if as_it_is else self._crooked(number, raw)
        reason, fields = self._parse(raw)
        if reason:
            return self._malformed(number, reason, raw)
        quoted = self._delimiter.join(_quote(field) if field else b"" for field in fields)
        return self._good % (number, quoted)

    def _parse(self, raw: bytes) -> tuple[str, list[str]]:
        if b"\0" in raw:
            return "contains a NUL byte", []
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            return (
                f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8: save the file as UTF-8",
                [],
            )
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter.decode(), strict=True)
            rows = list(reader)
        except csv.Error as error:
            return f"not a CSV record: {error}", []
        if len(rows) != 1:
            return "a line break outside quotes", []
        return ("" if len(rows[0]) == self._width else self._ragged(len(rows[0]))), rows[0]

    def _crooked(self, number: int, line: bytes) -> bytes:
        """A plain line with another number of fields: nothing at all if it is blank."""
        if not line.strip():
            return b""
        return self._malformed(number, self._ragged(line.count(self._delimiter) + 1), line)

    def _ragged(self, found: int) -> str:
        return f"{found} fields, expected {self._width} as in the header"

    def _malformed(self, number: int, reason: str, raw: bytes) -> bytes:
        kept = raw[: 4 * RAW_KEPT].decode(errors="replace").replace("\0", "\ufffd")[:RAW_KEPT]
        empty_fields = self._delimiter * self._width
        return b"%d%b%b" % (number, empty_fields, self._delimiter.join((b"", _quote(reason), _quote(kept))))


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


def _is_plain(body: bytes) -> bool:
    if b'"' in body or b"\0" in body or b"\r" in body:
        return False
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quote(text: str) -> bytes:
    return b'"' + text.encode().replace(b'"', b'""') + b'"'
