"""The result file of a bulk mutation: each line says what became of it, however long its errors are."""

import json

import pytest

from include.shopify import bulk_mutation


@pytest.mark.parametrize("padding", range(12))
def test_errors_of_any_length_are_understood(padding: int) -> None:
    """An invalid line is answered with the whole of its 250 rows; wherever that is cut, the line was refused."""
    errors = [
        {
            "message": "Variable $input was provided invalid value" + "." * padding,
            "extensions": {"code": "INVALID_VARIABLE", "value": {"changes": [{"delta": "x"}] * 250}},
        }
    ]
    line = json.dumps({"errors": errors, "__lineNumber": 3}).encode()
    found = bulk_mutation.read_result(line)
    assert found is not None
    assert (found.line_number, found.data, found.is_refused) == (3, None, True)
    assert len(found.errors) <= 500


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
        {"errors": "broken"},
        {"errors": ["broken"]},
        {"errors": [{"extensions": "broken"}]},
        {"data": ["broken"]},
        {"data": None},
    ],
)
def test_what_may_have_been_carried_out_is_not_refused(answer: dict[str, object]) -> None:
    line = json.dumps({**answer, "__lineNumber": 0}).encode()
    found = bulk_mutation.read_result(line)
    assert found is not None
    assert (found.data, found.is_refused) == (None, False)


@pytest.mark.parametrize(
    "line",
    [b'{"data":{"inventoryAdj', b"[]", b"7", b"\xff", b"{}", b'{"__lineNumber":"0"}', b'{"__lineNumber":true}'],
)
def test_what_is_no_result_is_none(line: bytes) -> None:
    assert bulk_mutation.read_result(line) is None
