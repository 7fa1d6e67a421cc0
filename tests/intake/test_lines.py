"""The cutter of lines: whatever the bytes and however they are cut, `COPY` gets what the csv module would read."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.intake import lines
from include.intake.errors import FileRefused
from include.intake.lines import number_records, with_line_feeds

FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=8)
QUOTED_FIELD = st.text(st.sampled_from('ab ,"\n'), max_size=8)


def cut(content: bytes, width: int = 3, block: int = 7) -> list[list[str]]:
    """All records of a file that arrives in small blocks, as `COPY` would read them."""
    blocks = (content[at : at + block] for at in range(0, len(content), block))
    text = b"".join(number_records(blocks, width, b",", first_line=2)).decode()
    csv.field_size_limit(2 * lines.LONGEST_LINE)
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
    assert endless[4].startswith(f"line longer than {lines.LONGEST_LINE:,} bytes")
    assert len(endless[5]) == lines.RAW_KEPT
    assert good[:4] == ["3", "d", "e", "f"]


def test_a_long_line_is_long_wherever_the_blocks_are_cut() -> None:
    for size, end in ((lines.LONGEST_LINE, b"\n"), (lines.LONGEST_LINE, b"\r\n"), (lines.LONGEST_LINE + 1, b"\n")):
        content = b'x,"y,z\n' + b"a,b," + b"c" * (size - 4) + end + b"d,e,f\n"
        whole, streamed = cut(content, block=1 << 22), cut(content, block=1 << 15)
        assert whole == streamed
        stray, long, good = whole
        assert stray[4].startswith("a quote is opened")
        assert bool(long[4]) == (size > lines.LONGEST_LINE)
        assert good[:4] == ["4", "d", "e", "f"]


def test_a_reject_that_is_not_kept_whole_says_so() -> None:
    (record,) = cut(b"a,b," * 1000)
    assert record[4] == "2001 fields, expected 3 as in the header (the reject keeps its first 2,000 characters)"
    assert record[5] == "a,b," * 500


@pytest.mark.parametrize("end", [b"\r\n", b"\r\r\n", b"\r\r\r\r\n"])
def test_carriage_returns_before_a_line_feed_end_the_line(end: bytes) -> None:
    content = end.join([b"a,b,c", b"", b'"d",e,f', b"g,h,i", b""])
    for block in (1, 3, 100):
        assert cut(content, block=block) == [
            ["2", "a", "b", "c", "", ""],
            ["4", "d", "e", "f", "", ""],
            ["5", "g", "h", "i", "", ""],
        ]


def test_a_lone_carriage_return_costs_its_own_line_only() -> None:
    bad, quoted, good = cut(b'a,b\rb,c\n"d\rd",e,f\ng,h,i\n')
    assert bad[4] == "a carriage return outside quotes; expected each line to end in LF or CRLF"
    assert (quoted[1], quoted[4]) == ("d\rd", "")
    assert good[:4] == ["4", "g", "h", "i"]


def test_an_endless_line_of_carriage_returns_says_so() -> None:
    (endless,) = cut(b"d,e,f\r" * 300_000, block=1 << 15)
    assert "it holds carriage returns; expected each line to end in LF or CRLF" in endless[4]


def passed(content: bytes, size: int) -> bytes:
    blocks: Iterator[bytes] = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(with_line_feeds(blocks, "stock.csv"))


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_file_of_carriage_returns_alone_is_refused(size: int) -> None:
    for rows in (0, 1, 100_000 if size > 1 else 100):
        with pytest.raises(FileRefused, match=r"stock.csv: byte 8: lines end in CR alone .*; expected LF or CRLF"):
            passed(b"Item,qty\r" + b"A-1,4\r" * rows, size)
    for content in (b"", b"Item,qty", b"Item,qty\r\n", b"Item,qty\n\r", b"It\rem,qty\nx\n"):
        assert passed(content, size) == content


def test_a_quote_in_the_middle_of_a_field_is_a_character() -> None:
    assert cut(b'a,5" tube,c\nd,6" tube,f\n') == [
        ["2", "a", '5" tube', "c", "", ""],
        ["3", "d", '6" tube', "f", "", ""],
    ]


def test_a_stray_quote_and_another_cost_two_lines_only() -> None:
    one, two, good = cut(b'a,"b,c\nd,"e,f\ng,h,i\n')
    assert [one[0], two[0]] == ["2", "3"]
    assert one[4].startswith("a quote is opened")
    assert two[4].startswith("a quote is opened")
    assert good[:4] == ["4", "g", "h", "i"]


def test_a_stray_quote_does_not_take_a_quoted_line_with_it() -> None:
    stray, good = cut(b'a,"b,c\n"d","e","f"\n')
    assert (stray[0], stray[5]) == ("2", 'a,"b,c')
    assert good[:4] == ["3", "d", "e", "f"]


def test_text_behind_a_closing_quote_is_malformed() -> None:
    bad, good = cut(b'"a"x,b,c\nd,e,f\n')
    assert bad[4] == "field 1 goes on behind its closing quote; a quote inside quotes must be doubled"
    assert good[:4] == ["3", "d", "e", "f"]


def test_a_ragged_record_of_several_lines_says_how_many() -> None:
    ragged, good = cut(b'a,"b\nb",c,d\ne,f,g\n')
    assert ragged[4] == "4 fields, expected 3 as in the header (2 lines make one record, because of a quote)"
    assert good[:4] == ["4", "e", "f", "g"]


def test_a_quoted_field_may_be_as_long_as_another() -> None:
    (record,) = cut(b'"' + b"x" * 200_000 + b'","",c\n', block=1 << 15)
    assert [len(field) for field in record] == [1, 200_000, 0, 1, 0, 0]


def test_an_empty_quoted_field_is_as_empty_as_another() -> None:
    """`COPY` takes "" for an empty text and nothing at all for NULL: both are to be NULL."""
    assert b"".join(number_records([b'"","a",\n'], 3, b",", 2)) == b'2,,"a",,,\n'


CRAFTED = (
    st.lists(st.text(st.sampled_from('ab,"\n'), max_size=60), max_size=8)
    .map("\n".join)
    .filter(lambda text: text.count("\n") < lines.MOST_LINES_PER_RECORD)
)


@settings(max_examples=500, deadline=None)
@given(CRAFTED)
def test_whatever_the_csv_module_reads_alike_is_read_alike(text: str) -> None:
    """The module takes all lines behind a stray quote for one record; where it finds records of three fields, so do we.

    Records of another number of fields are malformed, and begin in the same line as the module's.
    """
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        expected, begin = {}, 2
        for row in reader:
            expected[begin] = row
            begin = reader.line_num + 2
    except csv.Error:
        return
    got = {int(record[0]): record for record in cut(text.encode())}
    assert list(got) == [line for line, row in expected.items() if row]
    for line, record in got.items():
        if len(expected[line]) == 3:
            assert (record[1:4], record[4]) == (expected[line], "")
        else:
            assert f"{len(expected[line])} fields, expected 3" in record[4]


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
