"""The result file of a bulk mutation: each line says what became of it, however long its errors are."""

import json

import pytest

from include.shopify import bulk_mutation, bulk_query
from include.shopify.client import Access, Client


@pytest.mark.parametrize("padding", range(12))
def test_errors_of_any_length_are_understood(monkeypatch: pytest.MonkeyPatch, padding: int) -> None:
    """An invalid line is answered with the whole of its 250 rows; wherever that is cut, the line was refused."""
    errors = [
        {
            "message": "Variable $input was provided invalid value" + "." * padding,
            "extensions": {"code": "INVALID_VARIABLE", "value": {"changes": [{"delta": "x"}] * 250}},
        }
    ]
    line = json.dumps({"errors": errors, "__lineNumber": 3}).encode()
    monkeypatch.setattr(bulk_query, "result_lines", lambda _client, _url: iter([line]))
    with Client(Access("http://127.0.0.1:1", "token")) as client:
        (found,) = bulk_mutation.results(client, "http://127.0.0.1:1/results")
    assert (found.line_number, found.data, found.is_refused) == (3, None, True)
    assert len(found.errors) <= 500


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
        {"errors": "broken"},
        {"data": None},
    ],
)
def test_what_may_have_been_carried_out_is_not_refused(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]
) -> None:
    line = json.dumps({**answer, "__lineNumber": 0}).encode()
    monkeypatch.setattr(bulk_query, "result_lines", lambda _client, _url: iter([line]))
    with Client(Access("http://127.0.0.1:1", "token")) as client:
        (found,) = bulk_mutation.results(client, "http://127.0.0.1:1/results")
    assert (found.data, found.is_refused) == (None, False)
