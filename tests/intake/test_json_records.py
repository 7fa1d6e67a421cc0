"""The cutter of JSON: every element once, or a refusal that says where; never much memory, never a deep stack."""

import json
import sys
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from itertools import repeat

import pytest

from include.intake import json_records
from include.intake.errors import FileRefused
from include.intake.json_records import Record, records

SIZES = (1, 2, 3, 7, 64, 1 << 20)


def cut(content: bytes, size: int = 5) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def read(content: bytes | str, size: int = 5) -> list[Record]:
    return list(records(cut(content.encode() if isinstance(content, str) else content, size), "receipt.json"))


def refusal(content: bytes | str | Iterator[bytes]) -> str:
    """The message, which must be the same wherever the blocks are cut."""
    if not isinstance(content, bytes | str):
        with pytest.raises(FileRefused) as refused:
            for _ in records(content, "receipt.json"):
                pass
        return str(refused.value)
    messages = set()
    for size in SIZES:
        with pytest.raises(FileRefused) as refused:
            read(content, size)
        messages.add(str(refused.value))
    (message,) = messages
    assert message.startswith("receipt.json: byte ")
    return message


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "content",
    [
        ' [ {"a": 1} , {"b": [1, {"c": null}]} ]\n',
        '{"a": 1}\n{"b": [1, {"c": null}]}',
        '{"a":\n1\n}\r\n\r\n{"b":[1,{"c":null}]}\r\n',
        '{"a":1}\r{"b":[1,{"c":null}]}',
    ],
)
def test_arrays_and_lines_give_numbered_elements(content: str, size: int) -> None:
    assert read(content, size) == [Record(1, {"a": 1}), Record(2, {"b": [1, {"c": None}]})]


def test_a_single_object_is_one_element() -> None:
    assert read('{\n  "a": {"b": "]}"}\n}\n') == [Record(1, {"a": {"b": "]}"}})]


def test_an_empty_array_has_no_elements() -> None:
    assert read("[ ]") == []


@pytest.mark.parametrize("size", SIZES)
def test_strings_may_hold_anything_that_looks_like_json(size: int) -> None:
    value: dict[str, object] = {'[{"\\': '\\"}],{', "größe": "😀\\u0041\n", "\\": "\\\\"}
    for ascii_only in (True, False):
        assert read(json.dumps([value], ensure_ascii=ascii_only), size) == [Record(1, value)]


def test_numbers_are_exact() -> None:
    (record,) = read('[{"a": 0.1, "b": 12345678901234567890, "c": 1E2, "d": -0, "e": -1.50}]')
    assert record.value == {"a": Decimal("0.1"), "b": 12345678901234567890, "c": 100, "d": 0, "e": Decimal("-1.50")}
    assert not any(isinstance(each, float) for each in record.value.values())


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ('{"x": 1, "y": 2, "x": 3}', "key 'x' stands there twice"),
        ('{"a": [{"x": 1, "\\u0078": 1}]}', "key 'x' stands there twice"),
        ("5", "found a number, expected an object in braces"),
        ("-1.5", "found a number, expected an object in braces"),
        ('"text"', "found a string, expected an object in braces"),
        ("[{}]", "found an array, expected an object in braces"),
        ("null", "found null, expected an object in braces"),
        ("true", "found true, expected an object in braces"),
        ('{"a": "\\ud800"}', "holds \\u0000 or half of a surrogate pair, expected whole characters"),
        ('{"\\u0000": 1}', "holds \\u0000 or half of a surrogate pair, expected whole characters"),
        ('{"a": 1e400}', "number 1e400 is out of range"),
        ('{"a": 1e-400}', "number 1e-400 is out of range"),
        ('{"a": 1e9999999999999999999999}', "number 1e9999999999999999999999 is out of range"),
        ('{"a": 0e-9999999999999999999999}', "number 0e-9999999999999999999999 is out of range"),
        ('{"a": %s}' % ("9" * 5000), f"number {'9' * 60}... is out of range"),
    ],
)
def test_a_bad_element_costs_itself_only(element: str, reason: str) -> None:
    for size in SIZES:
        good, bad, last = read(f'[{{"a": 1}}, {element}, {{"b": 2}}]', size)
        assert (good, last) == (Record(1, {"a": 1}), Record(3, {"b": 2}))
        assert bad == Record(2, {}, reason, element[: json_records.RAW_KEPT])


def test_what_only_looks_like_half_a_character_is_taken() -> None:
    assert read(r'[{"a": "\\ud800", "b": "\ud83d\ude00"}]') == [Record(1, {"a": r"\ud800", "b": "😀"})]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        ("", 0, "found the end of the file; expected [ or {"),
        ("  \n", 3, "found the end of the file; expected [ or {"),
        ("Item,qty\n", 0, "found I; expected [ or {"),
        ('"text"', 0, 'found "; expected [ or {'),
        ("\0[]", 0, "found byte 0x00; expected [ or {"),
        ("[", 1, "found the end of the file; expected an object"),
        ('[{"a": 1}', 9, "found the end of the file behind an element; expected , or ]"),
        ('[{"a": 1},', 10, "found the end of the file; expected an object"),
        ('[{"a": [1', 1, "an element begins that has no end; expected one before the file ends at byte 9"),
        ('[{"a": "x', 1, "an element begins that has no end; expected one before the file ends at byte 9"),
        ('[{"a": 1}, tru', 11, "an element begins that has no end; expected one before the file ends at byte 14"),
        ('{"a": 1}\n{"b"', 9, "an element begins that has no end; expected one before the file ends at byte 13"),
        ('[{"a": 1},]', 10, "found ]; expected an object"),
        ('[,{"a": 1}]', 1, "found ,; expected an object"),
        ('[{"a": 1} {"b": 2}]', 10, "found { behind an element; expected , or ]"),
        ('[{"a": 1}}]', 9, "found } behind an element; expected , or ]"),
        ('[{"a": 1}] [', 11, "found [ behind the array; expected the end of the file"),
        ('{"a": 1} {"b": 2}', 9, "found { behind an object; expected the end of the line"),
        ('{"a": 1}]', 8, "found ] behind an object; expected the end of the line"),
        ('[{"a": 1]}]', 8, "element 1 is not JSON; expecting ',' delimiter"),
        ('[{}, {"größe": }]', 17, "element 2 is not JSON; expecting value"),
        ("[{'a': 1}]", 2, "element 1 is not JSON; expecting property name"),
        ('[{"a": 01}]', 8, "element 1 is not JSON; expecting ',' delimiter"),
        ('[{"a": +1}]', 7, "element 1 is not JSON; expecting value"),
        ('[{"a": /* */ 1}]', 7, "element 1 is not JSON; expecting value"),
        ('[{"a": "\n"}]', 8, "element 1 is not JSON; invalid control character"),
        ('[{"a": "\\x"}]', 8, "element 1 is not JSON; invalid \\escape"),
        ('[{"a": "\\ud8"}]', 9, "element 1 is not JSON; invalid \\uXXXX escape"),
        ("[{}, NaN]", 5, "element 2 holds NaN; expected numbers in digits only"),
        ('[{"a": -Infinity}]', 1, "element 1 holds -Infinity; expected numbers in digits only"),
        (b'[{"a": "\xff"}]', 8, "0xff is not UTF-8; expected the file as UTF-8"),
        (b'[{"a": "\xed\xa0\x80"}]', 8, "0xed is not UTF-8; expected the file as UTF-8"),
        (b'[{"a": "\xf0\x9f"}]', 8, "0xf0 is not UTF-8; expected the file as UTF-8"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(content: bytes | str, place: int, message: str) -> None:
    assert f"byte {place}: {message}" in refusal(content)


def nested(depth: int) -> str:
    return '[{"a": ' + "[" * (depth - 2) + "]" * (depth - 2) + "}]"


def test_depth_is_limited() -> None:
    assert len(read(nested(json_records.DEEPEST))) == 1
    assert "byte 37: 33 brackets open at a time; expected at most 32" in refusal(nested(json_records.DEEPEST + 1))


@pytest.mark.parametrize("bracket", [b"[", b'{"a":', b'[{"a":'])
def test_a_million_open_brackets_are_refused_by_their_depth(bracket: bytes) -> None:
    assert "33 brackets open at a time" in refusal(bracket * 1_000_000)


def sized(size: int) -> bytes:
    return b'{"a": "' + b"x" * (size - 9) + b'"}'


def test_the_size_of_an_element_is_limited_to_the_byte() -> None:
    most = json_records.LARGEST_ELEMENT
    for size in (1000, 65_536, most, 3 * most):
        (record,) = read(b"[" + sized(most) + b"]", size)
        assert record.malformed is None
        with pytest.raises(FileRefused, match="byte 1: an element begins that has no end; expected one within 1,048"):
            read(b"[" + sized(most + 1) + b"]", size)


def endless(start: bytes, block: bytes, megabytes: int) -> Iterator[bytes]:
    yield start
    yield from repeat(block * ((1 << 20) // len(block)), megabytes)


@pytest.mark.parametrize(
    ("start", "block", "message"),
    [
        (b"", b"\0", "byte 0: found byte 0x00"),
        (b"[", b"0", "byte 1: an element begins that has no end; expected one within"),
        (b'[{"a": "', b"x", "byte 1: an element begins that has no end; expected one within"),
        (b'[{"a": "', b'\\"', "byte 1: an element begins that has no end; expected one within"),
        (b'[{"', b"\0", "byte 1: an element begins that has no end; expected one within"),
        (b'[{"a": [', b"1, ", "byte 1: an element begins that has no end; expected one within"),
        (b'[{"a": [', b"[%b]," % (b"1, " * 60), "byte 1: an element begins that has no end; expected one within"),
    ],
)
def test_an_endless_element_takes_little_memory(start: bytes, block: bytes, message: str) -> None:
    tracemalloc.start()
    try:
        assert message in refusal(endless(start, block, megabytes=1000))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_blanks_without_end_take_little_memory() -> None:
    tracemalloc.start()
    try:
        assert "found the end of the file; expected an object" in refusal(endless(b"[", b" \n", megabytes=100))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_many_elements_take_little_memory() -> None:
    def elements(count: int) -> Iterator[bytes]:
        yield b"["
        for number in range(count):
            yield b'{"number": %d, "text": "%b"},' % (number, b"x" * 1000)
        yield b"{}]"

    tracemalloc.start()
    try:
        total = sum(1 for record in records(elements(5_000), "receipt.json") if record.malformed is None)
        assert total == 5_001
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_small_stack_is_enough() -> None:
    """What is read may not depend on how deep in the worker's stack the reader is called."""
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 80)
    try:
        assert len(read(nested(json_records.DEEPEST))) == 1
        assert "33 brackets" in refusal("[" * 10_000)
    finally:
        sys.setrecursionlimit(limit)
