"""NetSuite's fulfilment JSON through the item receipt feed: what was sent completes its order item, once."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import netsuite_time
from include.intake.data_manager import Counts
from include.stock import ledger
from tests.intake.drop import Drop
from tests.stock.orders.fulfilment_retailer import Retailer
from tests.world import ONLINE, World

NAME = "SalesOrderFulfillment-2026-11-20-01-00-00.json"


@pytest.fixture
def retailer(connection: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    return Retailer(connection, world, monkeypatch)


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, retailer: Retailer) -> Drop:
    """The feed's folder, and two units of an online order that wait to be sent."""
    retailer.order({ONLINE: 2})
    return Drop(connection, sftp_client, "IMP_ITM_RECEIPT")


def item(**changes: Any) -> dict[str, Any]:
    """An item as NetSuite writes it, sent from the warehouse just now."""
    return {
        "orderItemSeqId": "00001",
        "externalFacilityId": "44",
        "shippedDate": datetime.now(UTC).strftime("%m/%d/%Y %I:%M %p").lower(),
        "quantity": "2",
        "trackingNumber": "1Z999 | 1Z998",
        "carrier": "UPS",
        "shippingMethod": "STANDARD",
        "validation-result": "success",
    } | changes


def order(*items: Any, **changes: Any) -> dict[str, Any]:
    return {"orderMap": {"orderId": "9001", "items": list(items)} | changes}


def test_a_fulfilment_takes_the_units_and_ends_the_reservation(drop: Drop, retailer: Retailer) -> None:
    outcome = drop(json.dumps([order(item())]), NAME)
    assert (outcome.status_id, outcome.counts) == ("FINISHED", Counts(1, 1, 0, 0, 0))
    assert retailer.stock() == {"BROADWAY": (10, 10), "WH": (8, 8)}
    assert retailer.online() == 18
    assert ledger.out_of_balance(drop.connection) == []


@pytest.mark.parametrize("quantity", ["1", 1, "1.0"])
def test_quantities_come_as_text_or_numbers(drop: Drop, retailer: Retailer, quantity: object) -> None:
    drop(json.dumps([order(item(quantity=quantity))]), NAME)
    assert retailer.stock()["WH"] == (9, 9)


def test_the_same_fulfilment_in_another_file_counts_once(drop: Drop, retailer: Retailer) -> None:
    drop(json.dumps([order(item(quantity="1"))]), NAME)
    later = item(quantity="1", shippedDate="2026-11-20 23:59:59")
    again = drop(json.dumps([order(later)], indent=1), "SalesOrderFulfillment-2026-11-20-02-00-00.json")
    assert again.counts == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)
    assert retailer.stock()["WH"] == (9, 9)


def test_bad_items_say_why_and_can_be_dropped_again(drop: Drop, retailer: Retailer) -> None:
    outcome = drop(
        json.dumps(
            [
                order(item(quantity="1")),
                order(item(orderItemSeqId=None), item(externalFacilityId="77"), item(quantity="two"), "no item"),
                order(item(shippedDate="yesterday"), item(orderItemSeqId="00009")),
                order(item(), orderId="777"),
                {"somethingElse": 1},
                "no object",
            ]
        ),
        NAME,
    )
    assert outcome.status_id == "FINISHED_WITH_ERRORS"
    assert outcome.counts == Counts(total=10, changed=1, unchanged=0, superseded=0, failed=9)
    reasons = drop.reasons()
    assert reasons[2] == "orderItemSeqId is empty; expected the line's number such as 00001"
    assert reasons[3].startswith("externalFacilityId '77': no facility has this NetSuite location")
    assert reasons[4] == "quantity 'two' is not a number; expected digits such as 12"
    assert reasons[5] == "an item is no object; expected orderItemSeqId, quantity and so on"
    assert reasons[6].startswith("shippedDate 'yesterday' is no date that is understood")
    assert "00009" in reasons[7]
    assert "777" in reasons[8]
    assert reasons[9] == "no order with a list of items; expected orderMap with orderId and items"
    assert set(reasons) == set(range(2, 11))
    name, content = drop.error_file()
    rejected = json.loads(content)
    assert [each["line"] for each in rejected] == list(range(2, 11))
    mended = [each for each in rejected if each["line"] == 3]
    mended[0]["orderMap"]["items"][0] |= {"externalFacilityId": "44", "quantity": "1", "trackingNumber": "1Z997"}
    assert drop(json.dumps(mended), name).status_id == "FINISHED"
    assert retailer.stock()["WH"] == (8, 8)
    assert drop(json.dumps(mended, indent=1), name).counts == Counts(1, 0, 0, 1, 0), "tried again before"
    assert retailer.stock()["WH"] == (8, 8)


def test_all_items_or_none(drop: Drop, retailer: Retailer) -> None:
    drop.configure(error_policy="ALL_OR_NOTHING")
    outcome = drop(json.dumps([order(item(quantity="1"), item(orderItemSeqId="00009"))]), NAME)
    assert outcome.status_id == "FAILED"
    assert retailer.stock()["WH"] == (10, 10)
    assert drop.connection.execute(b"SELECT count(*) FROM item_fulfilment").fetchone() == (0,)


@pytest.mark.parametrize("content", ["[", '[{"orderMap": {', "[1, 2", "{}]", "[" * 10_000, '[{"a": NaN}]'])
def test_broken_json_is_refused_as_a_whole(drop: Drop, retailer: Retailer, content: str) -> None:
    outcome = drop(content, NAME)
    assert (outcome.status_id, retailer.stock()["WH"]) == ("FAILED", (10, 10))
    assert NAME in (outcome.message or "")


def test_an_empty_list_is_refused(drop: Drop) -> None:
    assert drop("[]", NAME).status_id == "FAILED"


def test_deltas_as_csv_in_the_same_folder_are_told_apart(drop: Drop, retailer: Retailer) -> None:
    content = "externalFacilityId,idValue,idType,availableDelta,comments\n44,50001,NETSUITE_PRODUCT_ID,12,Receipt # 3\n"
    assert drop(content, "2026-ItemReceipt.csv").status_id == "FINISHED"
    assert retailer.stock()["WH"] == (22, 22)


def test_csv_that_is_json_elsewhere_is_refused_by_its_header(drop: Drop) -> None:
    resets = Drop(drop.connection, drop.sftp, "RESET_INVENTORY")
    assert resets(json.dumps([order(item())]), "reset.csv").status_id == "FAILED"


@pytest.mark.parametrize(
    ("written", "day_first", "moment"),
    [
        ("7/14/2025 10:32 am", False, "2025-07-14T17:32:00+00:00"),
        ("7/8/2025 10:32 PM", True, "2025-08-08T05:32:00+00:00"),
        ("14.7.2025 22:05", False, "2025-07-15T05:05:00+00:00"),
        ("14-Jul-2025 1:05:06 am", False, "2025-07-14T08:05:06+00:00"),
        ("2025-07-14 10:32:00", False, "2025-07-14T17:32:00+00:00"),
        ("2025-07-14T10:32:00Z", False, "2025-07-14T10:32:00+00:00"),
        ("2025/7/14", False, "2025-07-14T07:00:00+00:00"),
        ("14/7/2025", False, None),
        ("soon", False, None),
    ],
)
def test_dates_as_accounts_write_them(written: str, day_first: bool, moment: str | None) -> None:
    found = netsuite_time.moment(written, ZoneInfo("America/Los_Angeles"), day_first=day_first)
    assert found == (datetime.fromisoformat(moment) if moment else None)
