"""Every way to fail: what the caller sees, and by the control API's history whether the change was made."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from include.sandbox.shopify.faults import IN_BULK, KINDS
from include.sandbox.shopify.store import Refused
from tests.sandbox.shopify.shop import ADJUST, ITEMS, Shop, given, only, row, wait_for

GOES_AWAY = (httpx.RemoteProtocolError, httpx.ReadError)


def dropped(shop: Shop, key: str = "k") -> None:
    with pytest.raises(GOES_AWAY):
        shop.http(ADJUST, {"input": given(row()), "key": key})


def reset(shop: Shop) -> None:
    with pytest.raises(httpx.ReadError):
        shop.http(ADJUST, {"input": given(row()), "key": "k"})


def broken_off(shop: Shop) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        shop.http(ADJUST, {"input": given(row()), "key": "k"})


def slowly(shop: Shop) -> None:
    pieces = shop.pieces(ADJUST, {"input": given(row()), "key": "k"})
    assert len(pieces) > 5
    answer = json.loads(b"".join(pieces))
    assert answer["data"]["inventoryAdjustQuantities"]["userErrors"] == []


def status(code: int) -> Callable[[Shop], None]:
    def check(shop: Shop) -> None:
        response = shop.http(ADJUST, {"input": given(row()), "key": "k"})
        assert response.status_code == code
        assert response.headers.get("Retry-After") == ("2.5" if code == 429 else None)
        assert response.headers["X-Request-Id"]

    return check


def internal_error(shop: Shop) -> None:
    answer = shop.send(given(row()), "k")
    assert answer.keys() == {"errors"}
    error = only(answer["errors"])
    request_id = error["extensions"]["requestId"]
    assert error == {
        "message": "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {request_id} (include this in support requests).",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
    }


def throttled(shop: Shop) -> None:
    answer = shop.send(given(row()), "k")
    assert only(answer["errors"])["extensions"]["code"] == "THROTTLED"
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 13
    assert answer["extensions"]["cost"]["actualQueryCost"] is None


def malformed(shop: Shop) -> None:
    response = shop.http(ADJUST, {"input": given(row()), "key": "k"})
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r".*"):
        response.json()


def concurrent(shop: Shop) -> None:
    assert only(shop.adjust(row(), key="k")["userErrors"]) == {
        "field": None,
        "message": "This request is currently in progress, please try again.",
        "code": "IDEMPOTENCY_CONCURRENT_REQUEST",
    }


def all_well(shop: Shop) -> None:
    assert shop.codes(row(), key="k") == []


def unavailable(shop: Shop) -> None:
    assert only(shop.adjust(row(), key="k")["userErrors"]) == {
        "field": None,
        "message": "The service is temporarily unavailable. Try again later.",
        "code": "SERVICE_UNAVAILABLE",
    }


CASES: tuple[tuple[str, dict[str, Any], Callable[[Shop], None], bool], ...] = (
    ("drop_before", {}, dropped, False),
    ("drop_after", {}, dropped, True),
    ("drop_before", {"reset": True}, reset, False),
    ("drop_after", {"reset": True}, reset, True),
    ("break_off", {}, broken_off, True),
    ("slow", {"seconds": 0.2}, slowly, True),
    ("delay", {"seconds": 0.1}, all_well, True),
    ("late", {"seconds": 0.1}, dropped, True),
    ("status", {}, status(503), False),
    ("status", {"status": 502}, status(502), False),
    ("status", {"status": 429, "retry_after": 2.5}, status(429), False),
    ("status_after", {"status": 504}, status(504), True),
    ("internal_error", {}, internal_error, False),
    ("internal_error", {"applied": True}, internal_error, True),
    ("throttled", {}, throttled, False),
    ("concurrent", {}, concurrent, False),
    ("user_error", {"operation": "inventoryAdjustQuantities"}, unavailable, False),
    ("malformed", {}, malformed, True),
    ("malformed", {"applied": False}, malformed, False),
)


def applied(shop: Shop) -> list[dict[str, Any]]:
    """The adjustments that were made."""
    return [change for change in shop.control.history() if change["kind"] == "adjust"]


@pytest.mark.parametrize(("kind", "parameters", "seen", "done"), CASES)
def test_a_fault_is_seen_once_and_does_what_it_says(
    shop: Shop, kind: str, parameters: dict[str, Any], seen: Callable[[Shop], None], done: bool
) -> None:
    shop.control.fault(kind, **parameters)
    seen(shop)
    if kind == "late":
        wait_for("the late change", lambda: bool(applied(shop)))
    assert [(change["key"], change["delta"]) for change in applied(shop)] == ([("k", 1)] if done else [])
    assert only(shop.control.faults())["hits"] == 1
    # The fault is spent: the next call is answered as it should be.
    assert shop.codes(row(expected=11 if done else 10), key="next") == []


def test_every_kind_is_tried() -> None:
    assert {kind for kind, *_ in CASES} | {"stale"} == set(KINDS) - set(IN_BULK)


def test_late_is_not_there_yet_when_the_connection_closes(shop: Shop) -> None:
    shop.control.fault("late", seconds=1.5)
    dropped(shop)
    assert applied(shop) == []
    wait_for("the late change", lambda: bool(applied(shop)))
    assert shop.codes(row(), key="k") == ["CHANGE_FROM_QUANTITY_STALE"]
    assert shop.quantities()["available"] == 11


def test_a_resend_overtakes_a_request_that_is_late(shop: Shop) -> None:
    """The shop cannot know a key that has not arrived, so this is how a resend without a compare doubles."""
    shop.control.settings(replay="none")
    shop.control.fault("late", seconds=1.0)
    with pytest.raises(GOES_AWAY):
        shop.http(ADJUST, {"input": given(row(expected=None)), "key": "k"})
    assert shop.codes(row(expected=None), key="k") == []
    wait_for("the late change", lambda: len(applied(shop)) == 2)
    assert shop.quantities()["available"] == 12


def test_the_same_key_twice_at_a_time(shop: Shop) -> None:
    shop.control.fault("delay", seconds=1.5)
    first: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: first.append(shop.send(given(row()), "k")))
    thread.start()
    try:
        wait_for("the first call under way", lambda: bool(only(shop.control.faults())["hits"]))
        concurrent(shop)
        assert shop.codes(row(ITEMS[1]), key="another") == []
    finally:
        thread.join(timeout=10)
    assert only(first)["data"]["inventoryAdjustQuantities"]["userErrors"] == []
    assert {change["key"] for change in applied(shop)} == {"another", "k"}


def test_stale_is_an_order_that_slips_in(shop: Shop) -> None:
    shop.control.fault("stale")
    assert shop.codes(row(ITEMS[1], expected=None), row()) == ["CHANGE_FROM_QUANTITY_STALE"]
    change = only(shop.control.history())
    assert (change["kind"], change["inventoryItemId"], change["delta"]) == ("order", ITEMS[0], -1)
    shown = shop.quantities()
    assert (shown["available"], shown["committed"], shown["on_hand"]) == (9, 1, 10)
    assert shop.codes(row(expected=9)) == []


def test_faults_wait_for_their_operation_and_their_turn(shop: Shop) -> None:
    shop.control.fault("drop_before", operation="inventoryAdjustQuantities", after_calls=1, times=2)
    assert shop.quantities()["available"] == 10
    assert shop.codes(row()) == []
    for key in ("a", "b"):
        dropped(shop, key)
    assert shop.codes(row(expected=11)) == []
    assert only(shop.control.faults()) == {
        "kind": "drop_before",
        "operation": "inventoryAdjustQuantities",
        "times": 2,
        "after_calls": 0,
        "hits": 2,
        "reset": False,
    }


def test_faults_come_in_the_order_in_which_they_were_asked_for(shop: Shop) -> None:
    shop.control.fault("status", status=502)
    shop.control.fault("status", status=504)
    assert [shop.http("{ shop { id } }").status_code for _ in range(3)] == [502, 504, 200]
    shop.control.fault("status")
    shop.control.clear_faults()
    assert shop.http("{ shop { id } }").status_code == 200


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("explode", {}, "faults.kind: got 'explode'; expected one of drop_before, "),
        ("delay", {"second": 1}, r"faults: delay has no parameter \['second'\]; expected some of \['seconds'\]"),
        ("drop_after", {"seconds": 1}, r"faults: drop_after has no parameter \['seconds'\]"),
        ("status", {"times": 0}, "faults.times: got 0; expected"),
        ("status", {"after_calls": -1}, "faults.after_calls: got -1; expected"),
        ("status", {"status": "503"}, "faults.status: got '503'; expected"),
        ("delay", {"seconds": -1}, "faults.seconds: got -1; expected"),
        ("malformed", {"applied": "no"}, "faults.applied: got 'no'; expected"),
        ("user_error", {}, "faults.operation: got None; expected a mutation whose user errors have codes"),
        ("user_error", {"operation": "inventoryActivate"}, "faults.operation: got 'inventoryActivate'; expected"),
        ("user_error", {"operation": "inventorySetQuantities"}, "faults.code: got 'SERVICE_UNAVAILABLE' for operation"),
        ("drop_after", {"operation": "productCreate"}, "faults.operation: got 'productCreate'; "),
    ],
)
def test_a_fault_that_does_not_exist(shop: Shop, kind: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        shop.control.fault(kind, **parameters)
    assert shop.control.faults() == []
