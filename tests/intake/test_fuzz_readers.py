"""Whatever is uploaded is read or refused: any bytes, cut anywhere, as Python's own readers would read them."""

import csv
import importlib.util
import io
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.intake.json_records import Record
from include.intake.text import ENCODINGS
from tests.intake.bad_files import FEEDS, bad_files, good_csv, good_json
from tests.intake.reading import check, cut, read, rows

ENCODING = st.sampled_from(list(ENCODINGS))
SIZE = st.integers(1, 50)

CSV_LIKE = st.lists(
    st.sampled_from([b"a", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\xc3\xa9", b"\xe9", b" "]), max_size=60
).map(b"".join)
JSON_TOKEN = st.sampled_from(
    [*rb'[ ] { } , : " "a" "b": 1 -1.5e3 null NaN \ \u0000 \ud800 {"a":1}'.split(), b"\n", b" ", b"\xc3\xa9", b"\xff"]
)
JSON_LIKE = st.lists(JSON_TOKEN, max_size=40).map(b"".join)
MARK = st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"PK\x03\x04"])

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
JSON_OBJECT = st.dictionaries(WORDS, JSON_VALUE, max_size=4)


@given(MARK, st.binary(max_size=400), ENCODING, SIZE)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(mark: bytes, content: bytes, encoding: str, size: int) -> None:
    check(mark + content, encoding, size)


@given(MARK, CSV_LIKE, ENCODING, SIZE)
@settings(max_examples=500, deadline=None)
def test_any_csv_is_read_or_refused(mark: bytes, content: bytes, encoding: str, size: int) -> None:
    check(mark + b"x,y\n" + content, encoding, size)


@given(MARK, st.sampled_from([b"[", b"{", b'[{"a":', b'{"a":1}\n']), JSON_LIKE, ENCODING, SIZE)
@settings(max_examples=500, deadline=None)
def test_any_json_is_read_or_refused(mark: bytes, start: bytes, content: bytes, encoding: str, size: int) -> None:
    check(mark + start + content, encoding, size)


@given(st.lists(JSON_OBJECT, max_size=2), st.data(), SIZE)
@settings(max_examples=300, deadline=None)
def test_json_with_something_put_in_or_taken_out_is_read_or_refused(
    values: list[dict[str, object]], data: st.DataObject, size: int
) -> None:
    content = json.dumps(values).encode()
    at = data.draw(st.integers(0, len(content)) | st.sampled_from([len(content) - 1, len(content)]))
    without = data.draw(st.integers(0, 2))
    check(content[:at] + data.draw(JSON_TOKEN | st.just(b"")) + content[at + without :], "UTF-8", size)


@given(st.lists(JSON_OBJECT, max_size=6), SIZE, st.sampled_from([None, 1]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_what_json_writes_is_read_back(
    values: list[dict[str, object]], size: int, indent: int | None, ascii_only: bool
) -> None:
    expected = [Record(number, value) for number, value in enumerate(values, 1)]
    array = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    assert read(array.encode("utf-16"), "UTF-8", size) == read(array.encode(), "UTF-8", size)
    if "\\u0000" not in array:
        assert read(array.encode(), "UTF-8", size) == expected
        if values:
            by_line = "\n".join(json.dumps(value, ensure_ascii=ascii_only) for value in values)
            assert read(by_line.encode(), "UTF-8", size) == expected


@pytest.mark.parametrize("kind", FEEDS)
def test_a_good_file_is_read_whole(kind: str) -> None:
    content = good_csv(random.Random(kind), kind)
    expected = list(csv.reader(io.StringIO(content.decode())))
    for size in (1, 7, 1000):
        assert read(content, "UTF-8", size) == [
            [str(number), *fields, "", ""] for number, fields in enumerate(expected[1:], 2)
        ]
    (count,) = {len(fields) for fields in expected}
    assert rows(cut(content, 10), count + 1)[0][-2] == f"{count} fields, expected {count + 1} as in the header"
    elements = read(good_json(random.Random(kind)), "UTF-8", 7)
    assert elements
    assert all(isinstance(element, Record) and not element.malformed for element in elements)


def test_ten_thousand_bad_files_are_read_or_refused() -> None:
    outcomes: Counter[str] = Counter()
    for number, (name, content) in enumerate(bad_files(10_000, seed=20_261_120)):
        size = 1 + number % 40 if len(content) < 5_000 else 32_768
        try:
            found = check(content, "UTF-8", size)
        except Exception as error:
            raise AssertionError(f"{name}: bad_files(10_000, 20_261_120), number {number}, blocks of {size}") from error
        outcomes["refused" if isinstance(found, str) else "read"] += 1
    assert min(outcomes["refused"], outcomes["read"]) > 1_000, "a generator of one kind of outcome tests little"


def test_the_same_seed_gives_the_same_files() -> None:
    first, again, other = (list(bad_files(50, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({name for name, _ in first}) == 50


@pytest.mark.slow
def test_nothing_is_found_by_following_the_code(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: it has wheels for Linux on x86-64 only")
    run = subprocess.run(
        [sys.executable, "-m", "tests.intake.fuzz_readers", "10", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-5000:]
    executed = next(line for line in run.stderr.splitlines() if "stat::number_of_executed_units" in line)
    assert int(executed.split()[-1]) > 200, run.stderr[-2000:]
