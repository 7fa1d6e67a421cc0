"""What kind of text a file is, told by its first bytes, and the way of any text to UTF-8."""

import codecs
import re
from collections.abc import Iterator
from itertools import chain

from include.intake.errors import FileRefused

ENCODINGS = {
    "UTF-8": "utf-8",
    "LATIN-1": "latin-1",
    "WINDOWS-1252": "cp1252",
    "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be",
}
"""Python's name of each encoding that `data_manager_config.encoding` may name."""

ENOUGH_TO_TELL = 4096
"""Bytes within which a file shows what it is: an archive names its first members there."""

_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_SAVE_AS_CSV = "open it and save it as CSV UTF-8, and upload that"
_NO_TEXT = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the old kind (.xls)", _SAVE_AS_CSV),
    (b"%PDF-", "a PDF document", "upload the table that it was made from, as CSV UTF-8"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it and upload what is in it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it and upload what is in it"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it and upload what is in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and upload what is in it"),
)

_WORKBOOK = re.compile(
    rb"\[Content_Types\]\.xml|_rels/|xl/|docProps/|application/vnd\.oasis\.opendocument\.spreadsheet"
)
_TWO_BYTE_LETTERS = re.compile(rb"(?:\0[\t -~]){2}|(?:[\t -~]\0){2}")


def as_utf8(blocks: Iterator[bytes], encoding: str, file_name: str) -> Iterator[bytes]:
    """Turn a file's bytes into UTF-8 without a byte order mark.

    A byte order mark decides; without one the configured encoding does. UTF-8 passes through unread: whoever reads
    the rows finds the bytes that are none. Bytes that Windows-1252 does not know pass through as they are, so that
    they too are found in their row and cost that row only.

    Args:
        blocks: The file, in blocks of any size.
        encoding: One of `ENCODINGS`.
        file_name: For messages.

    Yields:
        Blocks of UTF-8.

    Raises:
        FileRefused: The file is no text, is UTF-32, or is UTF-16 with something in it that is no character; the
            message names the offset of the byte, counted from 0.
    """
    if encoding not in ENCODINGS:
        raise FileRefused(
            f"{file_name}: encoding {encoding!r} is not known; expected one of {', '.join(ENCODINGS)}."
            " Correct it in data_manager_config"
        )
    start, blocks = peek(blocks, ENOUGH_TO_TELL)
    _refuse_what_is_no_text(start, file_name)
    mark, codec = next(((mark, codec) for mark, codec in _MARKS if start.startswith(mark)), (b"", ENCODINGS[encoding]))
    if not mark and codec == "utf-8" and _TWO_BYTE_LETTERS.match(start):
        raise FileRefused(
            f"{file_name}: byte 0: the file looks like UTF-16 without a byte order mark; expected UTF-8."
            " Save it as CSV UTF-8, or set the feed's encoding in data_manager_config to UTF-16LE or UTF-16BE"
        )
    blocks = _skip(blocks, len(mark))
    if codec == "utf-8":
        yield from blocks
    elif codec.startswith("utf-16"):
        yield from _from_utf_16(blocks, codec, len(mark), file_name)
    else:
        yield from (_from_one_byte(block, codec) for block in blocks)


def peek(blocks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Look at the beginning of a file.

    Args:
        blocks: The file, in blocks of any size.
        size: Bytes to look at.

    Returns:
        The first `size` bytes, or all that there are; and the whole file, the beginning included.
    """
    start = b""
    for block in blocks:
        start += block
        if len(start) >= size:
            break
    return start[:size], chain([start] if start else [], blocks)


def looks_like_json(start: bytes) -> bool:
    """Tell JSON from CSV by the first character that is not blank.

    Args:
        start: The beginning of a file in UTF-8, with or without a byte order mark.
    """
    return start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{")


def _refuse_what_is_no_text(start: bytes, file_name: str) -> None:
    if start.startswith(_UTF_32):
        raise FileRefused(f"{file_name}: byte 0: the file is UTF-32; expected UTF-8. Save it as CSV UTF-8")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kind, advice = (
            ("an Excel workbook", _SAVE_AS_CSV)
            if _WORKBOOK.search(start) or file_name.lower().endswith((".xlsx", ".xlsm", ".ods"))
            else ("a zip archive", "unpack it and upload what is in it")
        )
        raise FileRefused(f"{file_name}: byte 0: the file is {kind}; expected CSV or JSON: {advice}")
    for beginning, kind, advice in _NO_TEXT:
        if start.startswith(beginning):
            raise FileRefused(f"{file_name}: byte 0: the file is {kind}; expected CSV or JSON: {advice}")


def _skip(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """All but the first `size` bytes, which lie in the first block."""
    for first in blocks:
        yield first[size:]
        yield from blocks


def _from_one_byte(block: bytes, codec: str) -> bytes:
    if block.isascii():
        return block
    return block.decode(codec, "surrogateescape").encode("utf-8", "surrogateescape")


def _from_utf_16(blocks: Iterator[bytes], codec: str, offset: int, file_name: str) -> Iterator[bytes]:
    """Transcode UTF-16, whose characters may be cut anywhere. `offset` is that of the first byte in the file."""
    decoder = codecs.getincrementaldecoder(codec)()
    for block, last in chain(((block, False) for block in blocks), [(b"", True)]):
        waiting = len(decoder.getstate()[0])
        try:
            yield decoder.decode(block, last).encode()
        except UnicodeDecodeError as error:
            at = offset - waiting + error.start
            odd = last and waiting % 2 == 1
            found = "a single byte left over" if odd and waiting == 1 else "half of a surrogate pair"
            raise FileRefused(
                f"{file_name}: byte {at:,}: {found}; expected whole UTF-16 characters. The file was cut off or"
                " damaged: export it again as CSV UTF-8"
            ) from error
        offset += len(block)
