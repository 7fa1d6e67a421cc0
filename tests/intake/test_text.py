"""The way of a file's bytes to UTF-8: marks, encodings, and files that are no text at all."""

import gzip
import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.intake import text
from include.intake.errors import FileRefused
from include.intake.text import as_utf8, looks_like_json

WORDS = "Item,größe,数量,😀\nA-1,4,6,9\n"


def cut(content: bytes, size: int = 3) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def read(content: bytes, encoding: str = "UTF-8", size: int = 3) -> bytes:
    return b"".join(as_utf8(cut(content, size), encoding, "stock.csv"))


def refusal(content: bytes, encoding: str = "UTF-8", name: str = "stock.csv", size: int = 3) -> str:
    with pytest.raises(FileRefused) as refused:
        list(as_utf8(cut(content, size), encoding, name))
    return str(refused.value)


@given(st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]), st.text(max_size=40), st.integers(1, 9))
def test_a_mark_decides_and_the_configured_encoding_does_not(codec: str, words: str, size: int) -> None:
    marked = words.encode(codec) if codec in ("utf-8-sig", "utf-16") else ("\ufeff" + words).encode(codec)
    for configured in text.ENCODINGS:
        if not (codec in ("utf-16", "utf-16-le") and words.startswith("\0")):
            assert read(marked, configured, size) == words.encode()


@pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16BE"])
def test_utf_16_without_a_mark_is_read_as_configured(encoding: str) -> None:
    for size in range(1, 9):
        assert read(WORDS.encode(text.ENCODINGS[encoding]), encoding, size).decode() == WORDS


def test_one_byte_encodings_are_read_as_configured() -> None:
    assert read(b"caf\xe9 \x80", "LATIN-1").decode() == "café \x80"
    assert read(b"caf\xe9 \x80", "WINDOWS-1252").decode() == "café €"


def test_a_byte_unknown_to_windows_1252_stays_what_it_is_for_its_row_to_be_refused() -> None:
    read_back = read(b"caf\xe9,\x81,b\n", "WINDOWS-1252")
    assert read_back == "café,".encode() + b"\x81,b\n"
    with pytest.raises(UnicodeDecodeError):
        read_back.decode()


def test_utf_8_passes_through_with_whatever_is_wrong_in_it() -> None:
    blocks = [b"x" * text.ENOUGH_TO_TELL, b"caf\xe9\xff", b"\0"]
    passed = list(as_utf8(iter(blocks), "UTF-8", "stock.csv"))
    assert passed == blocks
    assert passed[1] is blocks[1]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_byte_left_over_is_named(size: int) -> None:
    content = b"\xff\xfe" + "ab".encode("utf-16-le") + b"c"
    assert "stock.csv: byte 6: a single byte left over" in refusal(content, size=size)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("units", "at"),
    [
        (b"a\0\x00\xd8b\0", 4),  # the first half, and no second
        (b"a\0b\0\x00\xdc", 6),  # the second half, and no first
        (b"a\0\x00\xd8", 4),  # the first half at the very end
        (b"a\0\x00\xd8\x00", 4),  # and one more byte behind it
    ],
)
def test_half_a_surrogate_pair_is_named(units: bytes, at: int, size: int) -> None:
    assert f"stock.csv: byte {at}: half of a surrogate pair" in refusal(b"\xff\xfe" + units, size=size)


def test_an_offset_counts_all_bytes_before_it() -> None:
    content = b"\xfe\xff" + ("x" * 50_000).encode("utf-16-be") + b"\xdc\x00"
    assert "byte 100,002: half" in refusal(content, size=4097)


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be"])
def test_utf_32_is_refused(codec: str) -> None:
    assert "the file is UTF-32; expected UTF-8" in refusal(("\ufeff" + WORDS).encode(codec))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised_where_utf_8_is_expected(codec: str) -> None:
    assert "looks like UTF-16 without a byte order mark" in refusal(WORDS.encode(codec))


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (
            zipped("[Content_Types].xml", "xl/workbook.xml"),
            "stock.csv",
            "an Excel workbook; expected CSV or JSON: open",
        ),
        (zipped("anything"), "stock.XLSX", "an Excel workbook; expected CSV or JSON: open it and save it"),
        (zipped("stock.csv"), "stock.csv", "a zip archive; expected CSV or JSON: unpack it"),
        (zipped(), "stock.csv", "a zip archive"),
        (gzip.compress(b"x", mtime=0), "stock.csv", "compressed with gzip"),
        (b"%PDF-1.7\n", "stock.csv", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "stock.csv", "an Excel workbook of the old kind"),
    ],
)
def test_what_is_no_text_is_refused_by_its_name(content: bytes, name: str, expected: str) -> None:
    for encoding in text.ENCODINGS:
        assert f"{name}: byte 0: the file is {expected}" in refusal(content, encoding, name)


def test_an_unknown_encoding_is_refused() -> None:
    assert "encoding 'EBCDIC' is not known; expected one of UTF-8" in refusal(b"x", "EBCDIC")


def test_an_empty_file_stays_empty() -> None:
    assert read(b"") == b""
    assert read(b"\xef\xbb\xbf") == b""


def test_the_beginning_can_be_looked_at_without_losing_it() -> None:
    start, blocks = text.peek(iter([b"", b"ab", b"cd", b"ef"]), 3)
    assert start == b"abc"
    assert b"".join(blocks) == b"abcdef"


@pytest.mark.parametrize("start", [b"[", b"\xef\xbb\xbf \r\n\t{", b' {"a": 1}'])
def test_json_is_recognised(start: bytes) -> None:
    assert looks_like_json(start)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf  ", b"Item,[x]\n", b'"{",b'])
def test_csv_is_recognised(start: bytes) -> None:
    assert not looks_like_json(start)
