"""Receipts of shipments over real SFTP: accepted units become stock, once, at their moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.intake.data_manager import Counts
from include.stock import ledger
from tests.intake.drop import Drop, stores
from tests.world import World

HEADER = (
    "external-shipment-id,product-sku,item-external-id,quantity-accepted,quantity-rejected,rejection-reason,"
    "received-date\n"
)
SHIPMENTS = "external-shipment-id,product-sku,quantity,destination-facility-id,item-external-id,shipment-type\n"
AT = "2025-11-20-0100-file.csv"


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    """The feed of receipts, with a shipment to BROADWAY: 10 of the first product, 4 of the second in two items."""
    stores(world)
    ship(
        connection,
        sftp_client,
        "A,SKU-10001,10,43,1,\nA,SKU-10002,3,43,2,\nA,SKU-10002,1,43,3,\nOUT,SKU-10001,5,44,,OUT_TRANSFER\n",
    )
    return Drop(connection, sftp_client, "RECEIVE_SHIP_ITEMS")


def ship(connection: Connection, sftp: paramiko.SFTPClient, rows: str, name: str = "2025-11-19-0100.csv") -> None:
    assert Drop(connection, sftp, "IMP_TO_SHPMNT")(SHIPMENTS + rows, name).status_id == "FINISHED"


def opened(connection: Connection) -> dict[str, tuple[int, int, int]]:
    """Accepted, rejected and open units by item of shipment A."""
    rows = connection.execute(
        b"SELECT shipment_item_seq_id, accepted, rejected, open_quantity"
        b" FROM shipment_item_open JOIN shipment USING (shipment_id) WHERE external_id = 'A'"
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def status(connection: Connection) -> str:
    row = connection.execute(b"SELECT status_id FROM shipment WHERE external_id = 'A'").fetchone()
    assert row is not None
    return str(row[0])


def test_accepted_units_are_stock_and_rejected_ones_are_not(drop: Drop, world: World, connection: Connection) -> None:
    outcome = drop(HEADER + "A,SKU-10001,1,6,,,2025-11-20T00:30:00Z\nA,,2,1,2,damaged,\n", AT)
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert outcome.counts == Counts(total=2, changed=2, unchanged=0, superseded=0, failed=0)
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10002", "BROADWAY"): (1, 1)}
    assert opened(connection) == {"00001": (6, 0, 4), "00002": (1, 2, 0), "00003": (0, 0, 1)}
    assert status(connection) == "PURCH_SHIP_SHIPPED"
    rows = connection.execute(
        b"SELECT detail.product_id, quantity_on_hand_diff, reason_enum_id, line_number, effective_at,"
        b" shipment_id = (SELECT shipment_id FROM shipment WHERE external_id = 'A')"
        b" FROM inventory_item_detail AS detail ORDER BY 1"
    ).fetchall()
    assert rows == [
        ("10001", Decimal(6), "VAR_SHIP_RECV", 2, datetime(2025, 11, 20, 0, 30, tzinfo=UTC), True),
        ("10002", Decimal(1), "VAR_SHIP_RECV", 3, datetime(2025, 11, 20, 1, tzinfo=UTC), True),
    ]
    reasons = connection.execute(b"SELECT rejection_reason FROM shipment_receipt ORDER BY 1").fetchall()
    assert reasons == [("damaged",), (None,)]
    assert ledger.out_of_balance(connection) == []


def test_a_shipment_is_received_when_nothing_is_open(drop: Drop, world: World, connection: Connection) -> None:
    drop(HEADER + "A,SKU-10001,,10,,,\n", AT)
    assert status(connection) == "PURCH_SHIP_SHIPPED"
    drop("shipment-id,externalShipmentId,idType,idValue,quantityAccepted\n,A,NETSUITE_PRODUCT_ID,522,4\n", "b.csv")
    assert opened(connection) == {"00001": (10, 0, 0), "00002": (3, 0, 0), "00003": (1, 0, 0)}
    assert status(connection) == "PURCH_SHIP_RECEIVED"
    assert world.stock() == {("10001", "BROADWAY"): (10, 10), ("10002", "BROADWAY"): (4, 4)}
    assert connection.execute(b"SELECT count(*), count(DISTINCT line_number) FROM shipment_receipt").fetchone() == (
        3,
        1,
    )


def test_units_of_a_product_fill_its_items_after_those_that_are_named(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,SKU-10002,,1,1,torn,\nA,SKU-10002,2,2,,,\nA,SKU-10002,,2,,,\n", AT)
    # Item 2 has room for one more than was named of it; what is too many goes to the last item.
    assert opened(connection)["00002"] == (3, 0, 0)
    assert opened(connection)["00003"] == (2, 1, 0)


def test_more_than_was_shipped_is_taken_and_reported(drop: Drop, world: World, connection: Connection) -> None:
    outcome = drop(HEADER + "A,SKU-10001,1,12,,,\n", AT)
    assert (outcome.status_id, outcome.message) == (
        "FINISHED",
        "shipment A, item 1, product 10001: 12 received, 10 shipped",
    )
    assert world.stock() == {("10001", "BROADWAY"): (12, 12)}
    assert opened(connection)["00001"] == (12, 0, 0)
    ship(connection, drop.sftp, "A,SKU-10001,10,43,1,\n", "2025-11-21-0100.csv")


def test_a_file_that_comes_twice_counts_once_and_equal_lines_count_twice(drop: Drop, world: World) -> None:
    content = HEADER + "A,SKU-10001,1,2,,,\nA,SKU-10001,1,2,,,\n"
    drop(content, "one.csv")
    again = drop(content, "the same under another name.csv")
    assert (again.message or "").endswith(": not applied again")
    assert again.counts == Counts(total=2, changed=0, unchanged=0, superseded=2, failed=0)
    assert world.stock() == {("10001", "BROADWAY"): (4, 4)}


@pytest.mark.parametrize("reset_first", [True, False])
def test_what_the_newest_reset_holds_is_received_and_not_posted(
    drop: Drop, world: World, connection: Connection, reset_first: bool
) -> None:
    def reset() -> None:
        Drop(connection, drop.sftp, "RESET_INVENTORY")(
            "Item,externalFacilityId,availableQty,idValue\na,43,100,521\n", "reset 2025-11-20 03:00.csv"
        )

    if reset_first:
        reset()
    outcome = drop(
        HEADER + "A,SKU-10001,1,2,,,2025-11-20 02:00\nA,SKU-10001,1,3,,,2025-11-20 04:00\nA,,2,1,,,2025-11-20 02:00\n",
        "receipt 2025-11-20 05:00.csv",
    )
    if reset_first:
        assert outcome.counts == Counts(total=3, changed=2, unchanged=0, superseded=1, failed=0)
        assert outcome.message == (
            "1 rows were received before the newest inventory reset, which holds their units: recorded as received,"
            " stock not changed"
        )
    else:
        reset()
    assert world.stock() == {("10001", "BROADWAY"): (103, 103), ("10002", "BROADWAY"): (1, 1)}
    assert opened(connection)["00001"] == (5, 0, 5)
    assert ledger.out_of_balance(connection) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-11-20 02:00", datetime(2025, 11, 20, 7, tzinfo=UTC)),
        ("2025-11-20T02:00:30.5Z", datetime(2025, 11, 20, 2, 0, 30, 500_000, tzinfo=UTC)),
        ("2025-11-20 02:00:00 +01:00", datetime(2025, 11, 20, 1, tzinfo=UTC)),
        ("2025-11-20", datetime(2025, 11, 20, 15, tzinfo=UTC)),
        ("2025-11-19", datetime(2025, 11, 20, 4, 59, 59, tzinfo=UTC)),
        ("", datetime(2025, 11, 20, 15, tzinfo=UTC)),
    ],
)
def test_when_it_was_received(drop: Drop, connection: Connection, written: str, meant: datetime) -> None:
    drop.configure(time_zone="America/New_York")
    drop(HEADER + f"A,SKU-10001,1,2,,,{written}\n", "receipt 2025-11-20 10:00.csv")
    assert connection.execute(b"SELECT effective_at FROM inventory_item_detail").fetchone() == (meant,)


@pytest.mark.parametrize("written", ["", f"{datetime.now(UTC):%Y-%m-%d}"])
@pytest.mark.parametrize("event_time", ["ARRIVAL", "FILE"])
def test_a_file_of_this_very_moment_is_no_future(drop: Drop, world: World, event_time: str, written: str) -> None:
    """As of its arrival, or by the clock of a server that is ahead: later than the transaction that reads it."""
    drop.configure(event_time=event_time)
    outcome = drop(HEADER + f"A,SKU-10001,1,2,,,{written}\n", "receipt.csv", datetime.now(UTC) + timedelta(minutes=5))
    assert (outcome.status_id, drop.reasons()) == ("FINISHED", {})
    assert world.stock() == {("10001", "BROADWAY"): (2, 2)}


def test_bad_rows_say_why(drop: Drop, world: World, connection: Connection) -> None:
    world.product("10003")
    connection.execute(
        b"INSERT INTO shipment (shipment_id, shipment_type_id, status_id, destination_facility_id, as_of)"
        b" VALUES ('GONE', 'IN_TRANSFER', 'SHIPMENT_CANCELLED', 'BROADWAY', now())"
    )
    outcome = drop(
        "shipment-id,"
        + HEADER
        + ",A,SKU-10001,1,1,,,\n"
        + ",,SKU-10001,1,1,,,\n"
        + ",B,SKU-10001,1,1,,,\n"
        + "X,,SKU-10001,1,1,,,\n"
        + "X,A,SKU-10001,1,1,,,\n"
        + ",OUT,SKU-10001,,1,,,\n"
        + "GONE,,SKU-10001,,1,,,\n"
        + ",A,SKU-10001,9,1,,,\n"
        + ",A,SKU-10003,,1,,,\n"
        + ",A,SKU-77,,1,,,\n"
        + ",A,,,1,,,\n"
        + ",A,SKU-10002,1,1,,,\n"
        + ",A,SKU-10001,1,,,,\n"
        + ",A,SKU-10001,1,one,,,\n"
        + ",A,SKU-10001,1,,some,,\n"
        + ",A,SKU-10001,1,-1,,,\n"
        + ",A,SKU-10001,1,,-1,,\n"
        + ",A,SKU-10001,1,1,,,7/14/2025 10:32 am\n"
        + ",A,SKU-10001,1,1,,,2025-02-30 10:00\n"
        + ",A,SKU-10001,1,1,,,2125-02-20 10:00\n"
        + ",A,SKU-10001,1,1,,,2125-02-20\n"
        + ",A,SKU-10001\n",
        AT,
    )
    assert outcome.counts == Counts(total=22, changed=1, unchanged=0, superseded=0, failed=21)
    again = "then this row again"
    moment = "expected a date and time such as 2026-11-20T09:00 or 2026-11-20 09:00:00+01:00"
    reasons = drop.reasons()
    assert "fields" in reasons.pop(23)
    assert reasons == {
        3: "external-shipment-id and shipment-id are empty; expected one of them",
        4: f"external-shipment-id 'B': no such shipment; correct it, or import the shipment first, {again}",
        5: f"shipment-id 'X': no such shipment; correct it, or import the shipment first, {again}",
        6: f"external-shipment-id 'A': no such shipment; correct it, or import the shipment first, {again}",
        7: "external-shipment-id 'OUT' is an OUT_TRANSFER, which leaves; expected one that comes in",
        8: "shipment-id 'GONE' is cancelled; if it has come all the same, import it again with another shipment-status,"
        f" {again}",
        9: f"external-shipment-id 'A' has no item '9'; correct it, or import the shipment again with the item, {again}",
        10: "external-shipment-id 'A' has no item of product '10003'; correct it, or import the shipment again with the"
        f" item, {again}",
        11: "product-sku 'SKU-77': no product has this SKU; correct it or set the product up",
        12: "product-sku is empty; expected an identifier of the product",
        13: "item '1' of external-shipment-id 'A' is product '10001', not '10002'; correct one of the two",
        14: "quantity-accepted and quantity-rejected are empty; expected what has arrived",
        15: "quantity-accepted 'one' is not a number; expected digits such as 12 or 12.5",
        16: "quantity-rejected 'some' is not a number; expected digits such as 12 or 12.5",
        17: "quantity-accepted -1 is below zero; expected what has arrived. Take units back with an inventory variance",
        18: "quantity-rejected -1 is below zero; expected what has arrived",
        19: f"received-date '7/14/2025 10:32 am'; {moment}",
        20: f"received-date '2025-02-30 10:00'; {moment}",
        21: "received-date '2125-02-20 10:00' lies in the future; expected when it was received",
        22: "received-date '2125-02-20' lies in the future; expected when it was received",
    }
    assert world.stock() == {("10001", "BROADWAY"): (1, 1)}


def test_a_receipt_ahead_of_its_shipment_is_dropped_again(drop: Drop, world: World, connection: Connection) -> None:
    content = HEADER + "A,SKU-10001,1,1,,,\nB,SKU-10001,1,2,,,\n"
    assert drop(content, AT).status_id == "FINISHED_WITH_ERRORS"
    name, rejects = drop.error_file()
    ship(connection, drop.sftp, "B,SKU-10001,5,44,1,\n", "2025-11-21-0100.csv")
    assert drop(rejects, name).status_id == "FINISHED"
    drop(content, "again.csv")
    drop(rejects, name)
    assert world.stock() == {("10001", "BROADWAY"): (1, 1), ("10001", "MAIN_WH"): (2, 2)}


def test_nothing_arrived_changes_nothing(drop: Drop, world: World, connection: Connection) -> None:
    ship(connection, drop.sftp, "EMPTY,SKU-10001,0,43,1,\n", "2025-11-21-0100.csv")
    outcome = drop(HEADER + "A,SKU-10001,1,0,0,,\nEMPTY,SKU-10001,1,0,,,\n", AT)
    assert outcome.counts == Counts(total=2, changed=0, unchanged=2, superseded=0, failed=0)
    assert (world.stock(), connection.execute(b"SELECT count(*) FROM shipment_receipt").fetchone()) == ({}, (0,))
    assert connection.execute(b"SELECT DISTINCT status_id FROM shipment WHERE external_id <> 'OUT'").fetchall() == [
        ("PURCH_SHIP_SHIPPED",)
    ]


def test_an_empty_file_and_one_of_another_feed_are_refused(drop: Drop) -> None:
    assert "no rows behind the header" in (drop(HEADER).message or "")
    outcome = drop(SHIPMENTS + "A,SKU-10001,3,43,1,\n", "b.csv")
    assert outcome.status_id == "FAILED"
    assert "not an inbound shipment receipt file: no column quantity-accepted or quantity-rejected" in (
        outcome.message or ""
    )
    assert "IMP_TO_SHPMNT (netsuite/transferorder/csv)" in (outcome.message or "")


MIDNIGHT = datetime(2025, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class File:
    """One file of a shipment's life, and the minute that it speaks of: a number or two for items 1 and 2.

    A reset sets the stock of both, a shipment what is shipped, a receipt what was accepted and rejected.
    """

    feed: str
    minute: int
    numbers: tuple[int, int]
    rejected: tuple[int, int]
    is_by_item: bool

    def name(self, index: int) -> str:
        return f"{MIDNIGHT + timedelta(minutes=self.minute):%Y-%m-%d-%H-%M}-{index}.csv"

    def content(self, product: str, index: int) -> str:
        rows = [self._row(f"{product}-{item}", str(item), index) for item in (1, 2)]
        headers = {
            "IMP_TO_SHPMNT": SHIPMENTS,
            "RECEIVE_SHIP_ITEMS": HEADER,
            "RESET_INVENTORY": "Item,externalFacilityId,availableQty,idValue\n",
        }
        return headers[self.feed] + "".join(rows)

    def _row(self, product: str, item: str, index: int) -> str:
        number, rejected = self.numbers[int(item) - 1], self.rejected[int(item) - 1]
        if self.feed == "RESET_INVENTORY":
            return f"{index},43,{number},{product}\n"
        if self.feed == "IMP_TO_SHPMNT":
            return f"{product[:-2]},SKU-{product},{number},43,{item},\n"
        named = f",{item}" if self.is_by_item else f"SKU-{product},"
        return f"{product[:-2]},{named},{number},{rejected},file {index},\n"


def files(feed: str) -> st.SearchStrategy[File]:
    pair = st.tuples(st.integers(0, 9), st.integers(0, 9))
    return st.builds(
        File, feed=st.just(feed), minute=st.integers(0, 5), numbers=pair, rejected=pair, is_by_item=st.booleans()
    )


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    first=files("IMP_TO_SHPMNT"),
    life=st.lists(
        st.one_of(files("RECEIVE_SHIP_ITEMS"), files("IMP_TO_SHPMNT"), files("RESET_INVENTORY")), min_size=2, max_size=8
    ),
)
def test_any_life_of_a_shipment(
    drop: Drop, world: World, numbers: Iterator[int], data: st.DataObject, first: File, life: list[File]
) -> None:
    repeats = data.draw(st.lists(st.integers(0, len(life) - 1), max_size=3))
    arrivals = data.draw(st.permutations([*range(len(life)), *repeats]))
    product = f"P{next(numbers)}"
    for item in (1, 2):
        world.product(f"{product}-{item}")
    drops = {feed: Drop(drop.connection, drop.sftp, feed) for feed in ("IMP_TO_SHPMNT", "RESET_INVENTORY")}
    drops["RECEIVE_SHIP_ITEMS"] = drop
    drops["IMP_TO_SHPMNT"](first.content(product, 99), first.name(99), MIDNIGHT)
    for index in arrivals:
        file = life[index]
        outcome = drops[file.feed](
            file.content(product, index), file.name(index), MIDNIGHT + timedelta(minutes=file.minute)
        )
        assert file.feed == "IMP_TO_SHPMNT" or outcome.status_id == "FINISHED"
    for item in (1, 2):
        _check(drop.connection, world, f"{product}-{item}", item, life)
    assert ledger.out_of_balance(drop.connection) == []


def _check(connection: Connection, world: World, product: str, item: int, life: list[File]) -> None:
    resets = [(f.minute, f.name(i), f.numbers[item - 1]) for i, f in enumerate(life) if f.feed == "RESET_INVENTORY"]
    base_minute, _, base = max(resets, default=(-1, "", 0))
    receipts = [file for file in life if file.feed == "RECEIVE_SHIP_ITEMS"]
    stock = base + sum(file.numbers[item - 1] for file in receipts if file.minute > base_minute)
    assert world.stock().get((product, "BROADWAY"), (0, 0)) == (stock, stock)
    row = connection.execute(
        b"SELECT accepted, rejected, open_quantity, greatest(quantity - accepted - rejected, 0), status_id,"
        b" (SELECT coalesce(sum(quantity_on_hand_diff), 0) FROM inventory_item_detail AS detail"
        b" WHERE detail.product_id = item.product_id AND reason_enum_id = 'VAR_SHIP_RECV'),"
        b" (SELECT bool_and(other.open_quantity = 0) AND sum(other.accepted + other.rejected) > 0"
        b" FROM shipment_item_open AS other WHERE other.shipment_id = item.shipment_id)"
        b" FROM shipment_item_open AS item JOIN shipment USING (shipment_id) WHERE product_id = %s",
        [product],
    ).fetchone()
    assert row is not None
    accepted, rejected, open_quantity, expected_open, status_id, posted, is_done = row
    assert (accepted, rejected) == (
        sum(file.numbers[item - 1] for file in receipts),
        sum(file.rejected[item - 1] for file in receipts),
    )
    assert posted <= accepted
    assert open_quantity == expected_open
    assert (status_id == "PURCH_SHIP_RECEIVED") == is_done
