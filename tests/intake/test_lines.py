"""The cutter of lines: whatever the bytes and however they are cut, `COPY` gets what the csv module would read."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from include.intake import lines
from include.intake.lines import number_records

FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=8)
QUOTED_FIELD = st.text(st.sampled_from('ab ,"\n'), max_size=8)


def cut(content: bytes, width: int = 3, block: int = 7) -> list[list[str]]:
    """All records of a file that arrives in small blocks, as `COPY` would read them."""
    blocks = (content[at : at + block] for at in range(0, len(content), block))
    text = b"".join(number_records(blocks, width, b",", first_line=2)).decode()
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_lines_keep_their_numbers_and_fields() -> None:
    assert cut(b"a,b,c\r\nd,e,f") == [["2", "a", "b", "c", "", ""], ["3", "d", "e", "f", "", ""]]


def test_blank_lines_are_skipped_but_counted() -> None:
    assert cut(b"a,b,c\n\n   \nd,e,f\n") == [["2", "a", "b", "c", "", ""], ["5", "d", "e", "f", "", ""]]


def test_ragged_lines_are_malformed_and_say_so() -> None:
    ragged = cut(b"a,b\na,b,c,d\na,b,c\n")
    assert ragged[0] == ["2", "", "", "", "2 fields, expected 3 as in the header", "a,b"]
    assert ragged[1] == ["3", "", "", "", "4 fields, expected 3 as in the header", "a,b,c,d"]
    assert ragged[2] == ["4", "a", "b", "c", "", ""]


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_breaks() -> None:
    assert cut(b'"a,1","say ""x""","two\nlines"\nd,e,f\n') == [
        ["2", "a,1", 'say "x"', "two\nlines", "", ""],
        ["4", "d", "e", "f", "", ""],
    ]


def test_a_stray_quote_costs_its_own_line_only() -> None:
    content = b'a,"b,c\n' + b"d,e,f\n" * (lines.MOST_LINES_PER_RECORD + 5)
    first, *others = cut(content)
    assert first[0] == "2"
    assert "a quote is opened and not closed" in first[4]
    assert [record[1:4] for record in others] == [["d", "e", "f"]] * (lines.MOST_LINES_PER_RECORD + 5)
    assert [int(record[0]) for record in others] == list(range(3, lines.MOST_LINES_PER_RECORD + 8))


def test_a_stray_quote_near_the_end_costs_its_own_line_only() -> None:
    assert [record[0:2] for record in cut(b'x,y,z\na,"b,c\nd,e,f')] == [["2", "x"], ["3", ""], ["4", "d"]]


def test_bytes_that_are_no_utf8_are_named() -> None:
    (bad, good) = cut(b"caf\xe9,b,c\nd,e,f\n")
    assert bad[4] == "byte 4 (0xe9) is not UTF-8: save the file as UTF-8"
    assert good[:4] == ["3", "d", "e", "f"]


def test_a_nul_byte_is_named() -> None:
    assert cut(b"a\0,b,c\nd,e,f\n")[0][4] == "contains a NUL byte"


def test_an_endless_line_is_dropped_and_the_next_one_taken() -> None:
    content = b"0" * (3 * lines.LONGEST_LINE) + b"\nd,e,f\n"
    endless, good = cut(content, block=1 << 16)
    assert endless[4] == f"line longer than {lines.LONGEST_LINE:,} bytes"
    assert len(endless[5]) == lines.RAW_KEPT
    assert good[:4] == ["3", "d", "e", "f"]


@given(st.lists(st.lists(FIELD | QUOTED_FIELD, min_size=3, max_size=3), max_size=30), st.integers(1, 40))
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]], block: int) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    read = cut(text.getvalue().encode(), block=block)
    assert [record[1:4] for record in read] == rows
    assert all(record[4] == "" for record in read)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_give_whole_records(content: bytes, block: int) -> None:
    read = cut(content, block=block)
    assert all(len(record) == 6 for record in read)
    numbers = [int(record[0]) for record in read]
    assert numbers == sorted(set(numbers))


@given(st.binary(max_size=300), st.integers(1, 40))
def test_the_cutting_into_blocks_changes_nothing(content: bytes, block: int) -> None:
    assert cut(content, block=block) == cut(content, block=1 << 20)
