"""Bulk mutations: what may be run, how it goes, and what becomes of each line."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.sandbox.shopify import bulk
from tests.sandbox.shopify.shop import ITEMS, MAIN, Shop, given, only, row, wait_for

SHUT = "gid://shopify/BulkOperation/1"


def stand_still(shop: Shop) -> None:
    """Nothing happens but when the test lets time pass: a second, then a line a second."""
    shop.control.settings(clock_rate=0, bulk_start_seconds=1, bulk_lines_per_second=1)


def adjusted(shop: Shop) -> int:
    return len([each for each in shop.control.history() if each["kind"] == "adjust"])


def test_every_line_is_run_and_answers_under_its_number(shop: Shop) -> None:
    payload = bulk.start(shop, bulk.upload(shop, bulk.lines(ITEMS)))
    assert payload["userErrors"] == []
    created = payload["bulkOperation"]
    assert (created["status"], created["objectCount"], created["rootObjectCount"]) == ("CREATED", "0", "0")
    assert (created["type"], created["fileSize"], created["url"], created["completedAt"]) == (
        "MUTATION",
        None,
        None,
        None,
    )
    done = bulk.wait_until(shop, created["id"], "COMPLETED")
    assert (done["objectCount"], done["rootObjectCount"], done["errorCode"]) == ("4", "4", None)
    assert done["completedAt"] >= done["createdAt"]
    assert done["query"] == bulk.INNER
    results = bulk.numbered(done["url"])
    assert sorted(results) == [0, 1, 2, 3]
    for each in results.values():
        payload = each["data"]["inventoryAdjustQuantities"]
        assert payload["userErrors"] == []
        assert payload["inventoryAdjustmentGroup"]["id"]
    assert [shop.quantities(item)["available"] for item in ITEMS] == [11] * 4


def test_the_file_is_as_shopify_writes_it(shop: Shop) -> None:
    done = bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS)), "COMPLETED")
    text = httpx.get(done["url"], trust_env=False).text
    assert done["fileSize"] == str(len(text.encode()))
    assert r"gid:\/\/trueup\/Batch\/7" in text
    assert text.startswith('{"data":{"inventoryAdjustQuantities":')


def test_lines_come_shuffled_unless_told_otherwise(shop: Shop) -> None:
    content = b"\n".join(bulk.line(row(delta=0, expected=None)) for _ in range(40))
    shuffled = bulk.read(bulk.wait_until(shop, bulk.run(shop, content), "COMPLETED")["url"])
    assert sorted(each["__lineNumber"] for each in shuffled) == list(range(40))
    assert [each["__lineNumber"] for each in shuffled] != list(range(40))
    shop.control.settings(bulk_shuffle=False)
    straight = bulk.read(bulk.wait_until(shop, bulk.run(shop, content), "COMPLETED")["url"])
    assert [each["__lineNumber"] for each in straight] == list(range(40))


def test_what_is_wrong_with_a_line_is_told_in_its_result(shop: Shop) -> None:
    content = b"\n".join(
        (
            bulk.line(row(expected=9)),
            b"{broken",
            b"[]",
            b"",
            json.dumps({"input": given(row(ITEMS[1]))}).encode(),
            bulk.line(row(ITEMS[2]), *[row(ITEMS[3], 0, None)] * 250),
            bulk.line(row(ITEMS[3])),
        )
    )
    done = bulk.wait_until(shop, bulk.run(shop, content), "COMPLETED")
    results = bulk.numbered(done["url"])
    assert sorted(results) == [0, 1, 2, 4, 5, 6]
    stale = only(results[0]["data"]["inventoryAdjustQuantities"]["userErrors"])
    assert stale["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert "Failed to parse the line" in only(results[1]["errors"])["message"]
    assert "expected an object, got list" in only(results[2]["errors"])["message"]
    assert only(results[4]["errors"])["extensions"]["code"] == "INVALID_VARIABLE"
    assert only(results[5]["errors"])["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert results[6]["data"]["inventoryAdjustQuantities"]["userErrors"] == []
    assert adjusted(shop) == 1


def test_a_key_counts_by_the_line(shop: Shop) -> None:
    shop.control.settings(replay="documented")
    content = b"\n".join(bulk.line(row(delta=1, expected=None), key="same") for _ in range(5))
    done = bulk.wait_until(shop, bulk.run(shop, content), "COMPLETED")
    groups = {
        each["data"]["inventoryAdjustQuantities"]["inventoryAdjustmentGroup"]["id"]
        for each in bulk.numbered(done["url"]).values()
    }
    assert len(groups) == 1
    assert shop.quantities()["available"] == 11


def test_it_goes_on_by_the_shops_clock(shop: Shop) -> None:
    stand_still(shop)
    operation = bulk.run(shop, bulk.lines(ITEMS))
    assert bulk.get(shop, operation)["status"] == "CREATED"
    shop.control.advance(1)
    bulk.wait_until(shop, operation, "RUNNING")
    for done in (1, 2, 3, 4):
        assert adjusted(shop) == done - 1
        shop.control.advance(1)
        wait_for("the next line", lambda done=done: adjusted(shop) == done)  # type: ignore[misc]
        assert bulk.get(shop, operation)["objectCount"] == str(done)
    assert (bulk.get(shop, operation)["status"], bulk.get(shop, operation)["url"]) == ("RUNNING", None)
    shop.control.advance(1)
    bulk.wait_until(shop, operation, "COMPLETED")


def test_five_mutations_at_a_time(shop: Shop) -> None:
    stand_still(shop)
    running = [bulk.run(shop, bulk.lines(ITEMS)) for _ in range(5)]
    path = bulk.upload(shop, bulk.lines(ITEMS))
    assert bulk.start(shop, path)["userErrors"] == [
        {
            "field": None,
            "message": f"A bulk mutation operation for this app and shop is already in progress: {', '.join(running)}.",
            "code": "OPERATION_IN_PROGRESS",
        }
    ]
    # A missing file comes first, and exports have a number of their own.
    assert only(bulk.start(shop, "tmp/1/bulk/x/y")["userErrors"])["code"] == "NO_SUCH_FILE"
    bulk.query(shop, "{ inventoryItems { edges { node { id } } } }")
    bulk.cancel(shop, running[0])
    bulk.wait_until(shop, running[0], "CANCELED")
    assert bulk.start(shop, path)["userErrors"] == []


@pytest.mark.parametrize(
    ("mutation", "code", "field", "message"),
    [
        ("mutation {", "INVALID_MUTATION", ["mutation"], "Failed to parse the mutation - "),
        (
            "{ shop { id } }",
            "INVALID_MUTATION",
            ["mutation"],
            "Invalid operation type. Only `mutation` operations are supported.",
        ),
        (
            bulk.INNER + " " * 65536,
            "INVALID_MUTATION",
            ["mutation"],
            "The mutation exceeds the maximum allowed size of 65535 bytes.",
        ),
        (
            bulk.RUN.replace(", $identifier: String", "").replace(", clientIdentifier: $identifier", ""),
            None,
            ["mutation"],
            "You must use an allowed mutation name.",
        ),
        (
            'mutation { a: bulkOperationCancel(id: "gid://shopify/BulkOperation/1") { userErrors { message } }'
            ' b: bulkOperationCancel(id: "gid://shopify/BulkOperation/1") { userErrors { message } } }',
            None,
            ["mutation"],
            "You must specify a single top level mutation.",
        ),
        (
            "mutation M($id: ID!, $input: InventoryItemInput!) { inventoryItemUpdate(id: $id, input: $input) {"
            " inventoryItem { a: inventoryLevels(first: 1) { nodes { id } }"
            " b: inventoryLevels(first: 1) { nodes { id } } } } }",
            None,
            ["mutation"],
            "Bulk mutations cannot contain more than 1 connection.",
        ),
    ],
)
def test_mutations_that_cannot_be_run(
    shop: Shop, mutation: str, code: str | None, field: list[str], message: str
) -> None:
    payload = bulk.start(shop, bulk.upload(shop, bulk.lines(ITEMS)), mutation)
    error = only(payload["userErrors"])
    assert payload["bulkOperation"] is None
    assert (error["code"], error["field"]) == (code, field)
    assert error["message"].startswith(message)


@pytest.mark.parametrize(("length", "fits"), [(9, False), (10, True), (255, True), (256, False)])
def test_the_clients_own_name_for_it(shop: Shop, length: int, fits: bool) -> None:
    payload = bulk.start(shop, bulk.upload(shop, bulk.lines(ITEMS)), identifier="x" * length)
    assert [error["code"] for error in payload["userErrors"]] == ([] if fits else ["INVALID_MUTATION"])


def test_files_that_cannot_be_run(shop: Shop) -> None:
    payload = bulk.start(shop, bulk.upload(shop, b" \n\n"))
    assert only(payload["userErrors"]) == {
        "field": None,
        "message": "The input file is empty.",
        "code": "INVALID_STAGED_UPLOAD_FILE",
    }
    target = bulk.stage(shop, httpMethod="PUT")
    shop.control.settings(upload_limit=10)
    assert httpx.put(target["url"], content=b"{}" * 10, trust_env=False).status_code == 200
    error = only(bulk.start(shop, target["resourceUrl"].partition("/staged-uploads/")[2])["userErrors"])
    assert error["message"] == "The input file size exceeds the maximum allowed size of 10 bytes."


def test_a_file_that_is_touched_during_the_run_ends_it(shop: Shop) -> None:
    stand_still(shop)
    target = bulk.stage(shop)
    bulk.send(target, bulk.lines(ITEMS))
    operation = str(bulk.start(shop, bulk.values(target)["key"])["bulkOperation"]["id"])
    shop.control.advance(1)
    bulk.wait_until(shop, operation, "RUNNING")
    assert bulk.send(target, bulk.lines(ITEMS[:1])).status_code == 201
    shop.control.advance(5)
    failed = bulk.wait_until(shop, operation, "FAILED")
    assert (failed["errorCode"], failed["url"], failed["partialDataUrl"]) == ("INTERNAL_SERVER_ERROR", None, None)
    assert adjusted(shop) == 0


def test_cancelling_keeps_what_is_done(shop: Shop) -> None:
    stand_still(shop)
    operation = bulk.run(shop, bulk.lines(ITEMS))
    shop.control.advance(1)
    bulk.wait_until(shop, operation, "RUNNING")
    shop.control.advance(2)
    wait_for("two lines", lambda: adjusted(shop) == 2)
    payload = bulk.cancel(shop, operation)
    assert payload == {"bulkOperation": {"id": operation, "status": "CANCELING"}, "userErrors": []}
    canceled = bulk.wait_until(shop, operation, "CANCELED")
    assert (canceled["url"], canceled["completedAt"]) == (None, None)
    assert len(bulk.read(canceled["partialDataUrl"])) == 2
    shop.control.advance(100)
    assert adjusted(shop) == 2


def test_what_cannot_be_cancelled(shop: Shop) -> None:
    assert bulk.cancel(shop, SHUT) == {
        "bulkOperation": None,
        "userErrors": [{"field": ["id"], "message": "Bulk operation does not exist"}],
    }
    operation = bulk.run(shop, bulk.lines(ITEMS))
    bulk.wait_until(shop, operation, "COMPLETED")
    assert only(bulk.cancel(shop, operation)["userErrors"]) == {
        "field": None,
        "message": "A bulk operation cannot be canceled when it is completed",
    }


@pytest.mark.parametrize("partial", [True, False])
def test_an_operation_can_be_made_to_fail_halfway(shop: Shop, partial: bool) -> None:
    shop.control.fault("bulk_failed", operation="bulkOperationRunMutation", after_lines=2, partial=partial)
    failed = bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS)), "FAILED")
    assert (failed["errorCode"], failed["url"], failed["completedAt"]) == ("INTERNAL_SERVER_ERROR", None, None)
    assert adjusted(shop) == 2
    assert failed["objectCount"] == "2"
    if partial:
        assert len(bulk.numbered(failed["partialDataUrl"])) == 2
    else:
        assert failed["partialDataUrl"] is None
    bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS)), "COMPLETED")


@pytest.mark.parametrize("applied", [True, False])
def test_a_line_can_be_made_to_fail(shop: Shop, applied: bool) -> None:
    shop.control.settings(bulk_shuffle=False)
    shop.control.fault("bulk_row_error", after_calls=1, applied=applied)
    done = bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS)), "COMPLETED")
    results = bulk.numbered(done["url"])
    error = only(results[1]["errors"])
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert shop.quantities(ITEMS[1])["available"] == (11 if applied else 10)
    assert adjusted(shop) == (4 if applied else 3)


@pytest.mark.parametrize("code", ["LIMIT_REACHED", "INTERNAL_FILE_SERVER_ERROR"])
def test_a_start_can_be_refused(shop: Shop, code: str) -> None:
    path = bulk.upload(shop, bulk.lines(ITEMS))
    shop.control.fault("user_error", operation="bulkOperationRunMutation", code=code)
    payload = bulk.start(shop, path)
    assert (payload["bulkOperation"], only(payload["userErrors"])["code"]) == (None, code)
    assert bulk.start(shop, path)["userErrors"] == []


def test_a_mutation_that_takes_more_than_a_day_fails(shop: Shop) -> None:
    stand_still(shop)
    shop.control.settings(bulk_lines_per_second=0)
    operation = bulk.run(shop, bulk.lines(ITEMS))
    shop.control.advance(1)
    bulk.wait_until(shop, operation, "RUNNING")
    shop.control.advance(24 * 3600 + 1)
    assert bulk.wait_until(shop, operation, "FAILED")["errorCode"] == "TIMEOUT"


def test_results_are_there_for_a_week(shop: Shop) -> None:
    done = bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS)), "COMPLETED")
    assert httpx.get(done["url"].replace("Signature=", "Signature=0"), trust_env=False).status_code == 403
    assert httpx.get(done["url"].replace("Expires=", "Expires=9"), trust_env=False).status_code == 403
    shop.control.advance(7 * 86400 + 5)
    assert httpx.get(done["url"], trust_env=False).status_code == 400
    expired = bulk.get(shop, done["id"])
    assert (expired["status"], expired["url"]) == ("EXPIRED", None)


def test_a_missing_scope_is_told_by_the_line(shop: Shop) -> None:
    shop.control.settings(token_scopes={shop.control.token: ["read_inventory"]})
    done = bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS[:1])), "COMPLETED")
    result = bulk.numbered(done["url"])[0]
    assert only(result["errors"])["extensions"]["code"] == "ACCESS_DENIED"


LIST = """query List($first: Int, $query: String) {
  bulkOperations(first: $first, query: $query) { nodes { id status } }
}"""


def listed(shop: Shop, query: str | None = None) -> list[str]:
    found: Any = shop.post(LIST, {"first": 10, "query": query})["data"]["bulkOperations"]["nodes"]
    return [each["id"] for each in found]


def test_operations_can_be_found_again(shop: Shop) -> None:
    stand_still(shop)
    first = bulk.run(shop, bulk.lines(ITEMS))
    shop.control.advance(10)
    bulk.wait_until(shop, first, "COMPLETED")
    second = bulk.run(shop, bulk.lines(ITEMS))
    export = bulk.query(shop, "{ inventoryItems { edges { node { id } } } }")
    assert listed(shop) == [export, second, first]
    assert listed(shop, "status:completed") == [first]
    assert listed(shop, "operation_type:mutation AND status:created") == [second]
    current = "query ($type: BulkOperationType!) { currentBulkOperation(type: $type) { id } }"
    assert shop.post(current, {"type": "MUTATION"})["data"]["currentBulkOperation"]["id"] == second
    assert shop.post("{ currentBulkOperation { id } }")["data"]["currentBulkOperation"]["id"] == export
    error = only(shop.post(LIST)["errors"])
    assert (error["message"], error["extensions"]["code"]) == ("you must provide one of first or last", "BAD_REQUEST")
    assert shop.post(bulk.GET, {"id": MAIN.replace("Location", "BulkOperation")})["data"]["bulkOperation"] is None


def test_what_these_calls_cost(shop: Shop) -> None:
    path = bulk.upload(shop, bulk.lines(ITEMS))
    answer = shop.post(bulk.RUN, {"mutation": bulk.INNER, "path": path})
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 10
    operation = answer["data"]["bulkOperationRunMutation"]["bulkOperation"]["id"]
    assert shop.post(bulk.GET, {"id": operation})["extensions"]["cost"]["requestedQueryCost"] == 1
    assert shop.post(LIST, {"first": 10})["extensions"]["cost"]["requestedQueryCost"] == 6
