"""What the ERP has sent: each unit leaves one facility, ends one reservation, and does so once."""

from collections.abc import Callable

import pytest

from include.db.connection import Connection
from include.shopify.order_state import OrderLine
from include.stock import ledger
from include.stock.orders.fulfilments import Completed
from tests.stock.orders.fulfilment_retailer import FIRST, ITEM, STORE, Retailer, Row
from tests.world import ONLINE, World

ONCE = Completed(counted=1, repeated=0, refused=0)
AGAIN = Completed(counted=0, repeated=1, refused=0)
REFUSED = Completed(counted=0, repeated=0, refused=1)

OPEN = {"BROADWAY": (10, 10), "WH": (10, 10), "_NA_": (0, -2)}
SENT = {"BROADWAY": (10, 10), "WH": (8, 8)}
SENT_FROM_STORE = {"BROADWAY": (8, 8), "WH": (10, 10)}


@pytest.fixture
def retailer(connection: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    return Retailer(connection, world, monkeypatch)


# --- what completing does ---------------------------------------------------------------------------------------------


def test_an_online_order_leaves_the_warehouse_and_its_reservation_ends(retailer: Retailer) -> None:
    retailer.order({ONLINE: 2})
    assert (retailer.stock(), retailer.online()) == (OPEN, 18)
    assert retailer.complete(Row("WH", 1, 2, "1Z")) == ONCE
    assert (retailer.stock(), retailer.online()) == (SENT, 18)
    kept = retailer.connection.execute(
        b"SELECT order_id, order_item_seq_id, facility_id, quantity, tracking_number, line_number FROM item_fulfilment"
    ).fetchall()
    assert kept == [(FIRST, "00001", "WH", 2, "1Z", 1)]
    rows = retailer.connection.execute(
        b"SELECT facility_id, quantity_on_hand_diff, available_to_promise_diff, order_id, line_number, effective_at"
        b" FROM inventory_item_detail WHERE reason_enum_id = 'ITEM_ISSUANCE' ORDER BY facility_id"
    ).fetchall()
    assert rows == [("WH", -2, -2, FIRST, 1, retailer.at(1)), ("_NA_", 0, 2, FIRST, 1, retailer.at(1))]
    assert ledger.out_of_balance(retailer.connection) == []


def test_a_store_order_leaves_the_store(retailer: Retailer) -> None:
    retailer.order({STORE: 2})
    assert retailer.stock()["BROADWAY"] == (10, 8)
    retailer.complete(Row("BROADWAY", 1, 2))
    assert retailer.stock() == SENT_FROM_STORE


def test_a_store_order_sent_from_the_warehouse_gives_the_store_its_units_back(retailer: Retailer) -> None:
    retailer.order({STORE: 2})
    retailer.complete(Row("WH", 1, 2))
    assert retailer.stock() == SENT


def test_units_leave_in_parts_from_several_facilities(retailer: Retailer) -> None:
    retailer.order({ONLINE: 3})
    retailer.complete(Row("WH", 1, 1, "A"), Row("BROADWAY", 1, 1, "A"))
    assert retailer.stock() == {"BROADWAY": (9, 9), "WH": (9, 9), "_NA_": (0, -1)}
    retailer.complete(Row("WH", 2, 1, "B"))
    assert retailer.stock() == {"BROADWAY": (9, 9), "WH": (8, 8)}


def test_two_lines_of_the_same_item_are_completed_each_for_itself(retailer: Retailer) -> None:
    lines = tuple(OrderLine(f"gid://shopify/LineItem/{number}", ITEM, 2) for number in (7, 11))
    retailer.order({ONLINE: 4}, lines=lines)
    rows = [Row("WH", 1, 2, "A", seq="00002"), Row("WH", 1, 2, "A", seq="00001"), Row("WH", 1, 1, "B", seq="00002")]
    assert retailer.complete(*rows) == Completed(counted=2, repeated=0, refused=1)
    assert retailer.stock() == {"BROADWAY": (10, 10), "WH": (6, 6)}


def test_units_split_over_two_locations_end_the_reservation_that_they_were_sent_for(retailer: Retailer) -> None:
    retailer.order({ONLINE: 1, STORE: 1})
    retailer.complete(Row("BROADWAY", 1, tracking="A"))
    assert retailer.stock() == {"BROADWAY": (9, 9), "WH": (10, 10), "_NA_": (0, -1)}
    retailer.complete(Row("BROADWAY", 1, tracking="B"))
    assert retailer.stock() == SENT_FROM_STORE


def test_a_unit_that_shopify_calls_fulfilled_is_the_one_that_the_erp_has_sent(retailer: Retailer) -> None:
    """Were it taken for the other one, both reservations would end, and one unit is still to be sent."""
    retailer.world.channel("OTHER", "gid://shopify/Location/3", ["WH"], queue="_NA_")
    retailer.order({ONLINE: 1, "gid://shopify/Location/3": 1}, {ONLINE: 1})
    retailer.complete(Row("WH", -1))
    retailer.snapshot(1, {"BROADWAY": 10, "WH": 9})
    assert retailer.stock() == {"BROADWAY": (10, 10), "WH": (9, 9), "_NA_": (0, -1)}


def test_a_custom_item_is_counted_and_moves_nothing(retailer: Retailer) -> None:
    lines = (OrderLine("gid://shopify/LineItem/1", None, 1), OrderLine("gid://shopify/LineItem/2", ITEM, 2))
    retailer.order({ONLINE: 2}, lines=lines)
    assert retailer.complete(Row("WH", 1)) == ONCE
    assert retailer.stock() == OPEN
    retailer.complete(Row("WH", 1, 2, seq="00002"))
    assert retailer.stock() == SENT


# --- twice ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tracking", ["1Z999 | 1Z998", "", None])
def test_a_fulfilment_that_is_sent_twice_counts_once(retailer: Retailer, tracking: str | None) -> None:
    retailer.order({ONLINE: 4})
    row = Row("WH", 1, 2, tracking)
    assert retailer.complete(row, row) == Completed(counted=1, repeated=1, refused=0)
    assert retailer.complete(row) == AGAIN
    assert retailer.stock() == SENT | {"_NA_": (0, -2)}


def test_a_parcel_is_known_by_its_number_whatever_else_was_changed(retailer: Retailer) -> None:
    retailer.order({ONLINE: 4})
    retailer.complete(Row("WH", 1, 2, "1Z"))
    assert retailer.complete(Row("WH", 2, 1, " 1Z ", order="1001", seq="1")) == AGAIN


def test_fulfilments_of_different_moments_quantities_parcels_or_facilities_are_different(retailer: Retailer) -> None:
    retailer.order({ONLINE: 9})
    rows = [
        *(Row("WH", 1), Row("WH", 2), Row("WH", 1, 2), Row("BROADWAY", 1)),
        *(Row("WH", 1, 1, "A"), Row("WH", 1, 1, "B"), Row("BROADWAY", 1, 1, "A")),
    ]
    assert retailer.complete(*rows).counted == 7
    assert retailer.stock() == {"BROADWAY": (8, 8), "WH": (4, 4), "_NA_": (0, -1)}


# --- what cannot be taken ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (Row("WH", 1, order="4711"), "orderId '4711': no such order; import the order first, then retry this row"),
        (Row("WH", 1, order=" "), "orderId is empty; expected the order's Shopify id"),
        (Row("WH", 1, seq="00003"), "orderItemSeqId '00003': order gid://shopify/Order/9001 has no such item, only"),
        (Row("WH", 1, seq="A"), "only 00001, 00002; correct it, or if the item was added"),
        (Row("WH", 1, 0), "quantity '0': expected a whole number of units, 1 or more; correct it"),
        (Row("WH", 1, -1), "quantity '-1': expected a whole number"),
        (Row("WH", 1, "1.5"), "quantity '1.5': expected a whole number"),
        (Row("WH", 1, None), "quantity '': expected a whole number"),
        (Row("WH", None), "shippedDate is empty or no date; expected the moment when the item left"),
        (Row(None, 1), "the facility is not known"),
        (Row("WH", 1, 3), "quantity 3: item 00001 of order #1001 (gid://shopify/Order/9001) has 2 of 2 units left"),
        (Row("WH", 1, seq="00002"), "InventoryItem/7 of shop demo is no product here; set the product up, then retry"),
        (Row("WH", 1, complaint="the caller's own"), "the caller's own"),
    ],
)
def test_a_bad_row_says_why_and_harms_only_itself(retailer: Retailer, row: Row, complaint: str) -> None:
    other = OrderLine("gid://shopify/LineItem/2", "gid://shopify/InventoryItem/7", 1)
    retailer.order({ONLINE: 2}, lines=(OrderLine("gid://shopify/LineItem/1", ITEM, 2), other))
    assert retailer.complete(row) == REFUSED
    assert complaint in str(retailer.complaints[1])
    assert retailer.stock() == OPEN
    assert retailer.complete(row, Row("WH", 1, 2)) == Completed(counted=1, repeated=0, refused=1)
    assert retailer.complaints[2] is None
    assert retailer.stock() == SENT


def test_a_refused_row_takes_nothing_from_those_after_it(retailer: Retailer) -> None:
    retailer.order({ONLINE: 2})
    rows = [Row("WH", 1, 3, "A"), Row("WH", 1, 1, "B"), Row("WH", 1, 2, "C"), Row("WH", 1, 1, "D")]
    assert retailer.complete(*rows) == Completed(counted=2, repeated=0, refused=2)
    assert "has 1 of 2 units left" in str(retailer.complaints[3])
    assert retailer.stock() == SENT


@pytest.mark.parametrize("written", [FIRST, "9001", "#1001", "1001", " 1001 "])
def test_an_order_is_found_by_id_number_or_name(retailer: Retailer, written: str) -> None:
    retailer.order({ONLINE: 2})
    assert retailer.complete(Row("WH", 1, 2, order=written)) == ONCE


def test_an_id_comes_before_a_name(retailer: Retailer) -> None:
    retailer.order({ONLINE: 1}, order_id="gid://shopify/Order/2", name="#9001")
    retailer.order({ONLINE: 1})
    retailer.complete(Row("WH", 1, order="9001"))
    assert retailer.connection.execute(b"SELECT order_id FROM item_fulfilment").fetchall() == [(FIRST,)]
    retailer.complete(Row("WH", 1, order="#9001"))
    assert retailer.connection.execute(b"SELECT count(*) FROM item_fulfilment").fetchone() == (2,)


def test_a_name_that_several_shops_have_used_is_refused(retailer: Retailer) -> None:
    retailer.order({ONLINE: 1})
    retailer.connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('b', 'b.myshopify.com', 'b')"
    )
    retailer.connection.execute(
        b"INSERT INTO shopify_order_line VALUES ('b', 'gid://shopify/Order/5', '00001', 'line', NULL, 1, '1001')"
    )
    assert retailer.complete(Row("WH", 1, order="1001")) == REFUSED
    assert retailer.complaints[1] == (
        "orderId '1001' names 2 orders: gid://shopify/Order/5 in shop b, gid://shopify/Order/9001 in shop demo;"
        " expected one; write the Shopify id of the one that is meant"
    )
    assert retailer.complete(Row("WH", 1, order="9001")) == ONCE


# --- Shopify's own word -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("location", [ONLINE, STORE])
@pytest.mark.parametrize("facility", ["BROADWAY", "WH"])
def test_shopifys_word_and_the_erps_count_once_whichever_comes_first(
    retailer: Retailer, location: str, facility: str
) -> None:
    expected = SENT if facility == "WH" else SENT_FROM_STORE
    retailer.order({location: 2})
    retailer.complete(Row(facility, -1, 2))
    retailer.order({location: 2}, {location: 2})
    assert retailer.stock() == expected

    second = "gid://shopify/Order/9002"
    retailer.product("50002", "item-2")
    retailer.order({location: 2}, {location: 2}, order_id=second, name="#1002", item="item-2")
    retailer.complete(Row(facility, -1, 2, order=second))
    retailer.import_orders()
    assert retailer.stock("50002") == expected


def test_a_part_by_shopifys_word_and_a_part_by_the_erps_are_the_same_part(retailer: Retailer) -> None:
    retailer.order({STORE: 3}, {STORE: 2})
    assert retailer.stock()["BROADWAY"] == (8, 7)
    retailer.complete(Row("WH", -1, tracking="A"))
    assert retailer.stock() == {"BROADWAY": (9, 8), "WH": (9, 9)}, "one sent from each, one open"
    retailer.complete(Row("BROADWAY", -1, tracking="B"), Row("BROADWAY", -1, tracking="C"))
    assert retailer.stock() == {"BROADWAY": (8, 8), "WH": (9, 9)}


@pytest.mark.parametrize("location", [ONLINE, STORE])
def test_a_fulfilment_that_is_cancelled_in_shopify_stays_completed(retailer: Retailer, location: str) -> None:
    retailer.order({location: 2}, {location: 2})
    retailer.complete(Row("WH", -1, 2))
    retailer.order({location: 2}, {location: 0})
    assert retailer.stock() == SENT


def test_a_fulfilment_of_the_store_that_is_cancelled_in_shopify_is_reserved_again(retailer: Retailer) -> None:
    retailer.order({STORE: 2}, {STORE: 2})
    assert retailer.stock() == SENT_FROM_STORE
    retailer.order({STORE: 2}, {STORE: 0})
    assert retailer.stock()["BROADWAY"] == (10, 8)


def test_an_online_fulfilment_that_is_cancelled_after_it_was_counted_is_reserved_again_at_once(
    retailer: Retailer,
) -> None:
    retailer.order({ONLINE: 2}, {ONLINE: 2})
    retailer.snapshot(1, {"BROADWAY": 10, "WH": 8})
    assert retailer.stock() == SENT
    retailer.order({ONLINE: 2}, {ONLINE: 0})
    assert retailer.stock() == SENT | {"_NA_": (0, -2)}


@pytest.mark.parametrize("location", [ONLINE, STORE])
def test_an_order_that_is_cancelled_gives_back_only_what_has_not_left(retailer: Retailer, location: str) -> None:
    retailer.order({location: 3})
    retailer.complete(Row("WH", -1, 2))
    retailer.order({location: 0})
    assert retailer.stock() == SENT
    retailer.import_orders()
    assert retailer.stock() == SENT


@pytest.mark.parametrize("location", [ONLINE, STORE])
def test_what_was_sent_of_a_cancelled_order_is_gone_all_the_same(retailer: Retailer, location: str) -> None:
    retailer.order({location: 2})
    retailer.order({location: 0})
    assert retailer.complete(Row("WH", -1, 2)) == ONCE
    assert retailer.stock() == SENT
    retailer.import_orders()
    assert retailer.stock() == SENT


@pytest.mark.parametrize(("before", "after"), [(ONLINE, STORE), (STORE, ONLINE)])
def test_units_that_shopify_moves_to_another_location_once_they_have_left_stay_completed(
    retailer: Retailer, before: str, after: str
) -> None:
    retailer.order({before: 3})
    retailer.complete(Row("WH", -1, 2))
    retailer.order({before: 1, after: 2}, {after: 2})
    retailer.import_orders()
    still_open = {"BROADWAY": (10, 9)} if before == STORE else {"_NA_": (0, -1)}
    assert retailer.stock() == SENT | still_open
    retailer.snapshot(1, {"BROADWAY": retailer.stock()["BROADWAY"][1], "WH": 8})
    assert retailer.stock() == SENT | still_open


def test_what_had_left_before_trueup_came_frees_nothing(retailer: Retailer) -> None:
    retailer.connection.execute(b"UPDATE shopify_shop SET orders_read_through = NULL")
    retailer.order({ONLINE: 3}, {ONLINE: 1})
    retailer.snapshot(-1, {"BROADWAY": 10, "WH": 9})
    retailer.complete(Row("WH", -2))
    assert retailer.stock() == {"BROADWAY": (10, 10), "WH": (9, 9), "_NA_": (0, -2)}
    retailer.complete(Row("WH", 1, 2))
    assert retailer.stock() == {"BROADWAY": (10, 10), "WH": (7, 7)}


def test_what_was_never_reserved_is_not_given_back(retailer: Retailer) -> None:
    retailer.connection.execute(b"UPDATE inventory_channel SET thru_date = now()")
    retailer.order({ONLINE: 3})
    retailer.complete(Row("WH", 1, 2))
    assert retailer.stock() == SENT
    retailer.connection.execute(b"UPDATE inventory_channel SET thru_date = 'infinity'")
    retailer.import_orders()
    assert retailer.stock() == SENT | {"_NA_": (0, -1)}, "what is still open is reserved once it can be"


# --- snapshots --------------------------------------------------------------------------------------------------------


def test_what_a_snapshot_has_counted_as_gone_is_not_taken_out_again(retailer: Retailer) -> None:
    retailer.order({ONLINE: 2})
    retailer.snapshot(2, {"WH": 8})
    assert retailer.online() == 16
    retailer.complete(Row("WH", 1, 2))
    assert (retailer.stock(), retailer.online()) == (SENT, 18)


def test_a_snapshot_of_another_facility_or_product_says_nothing(retailer: Retailer) -> None:
    retailer.order({ONLINE: 2})
    retailer.product("50002", "item-2")
    retailer.snapshot(2, {"BROADWAY": 10})
    retailer.snapshot(2, {"WH": 10}, "50002")
    retailer.complete(Row("WH", 1, 2))
    assert retailer.stock() == SENT


@pytest.mark.parametrize(("hour", "count"), [(0.5, 10), (2, 8)])
def test_a_snapshot_that_comes_later_is_compared_as_of_its_moment(retailer: Retailer, hour: float, count: int) -> None:
    retailer.order({ONLINE: 2})
    retailer.complete(Row("WH", 1, 2))
    retailer.snapshot(hour, {"WH": count})
    assert retailer.stock() == SENT


@pytest.mark.parametrize("on_hand", [False, True])
@pytest.mark.parametrize("hour", [0.5, 2])
@pytest.mark.parametrize("facility", ["BROADWAY", "WH"])
@pytest.mark.parametrize("by_shopify", [0, 2])
@pytest.mark.parametrize("first", ["snapshot", "fulfilment"])
def test_a_stores_snapshot_and_its_fulfilments_come_in_any_order(
    retailer: Retailer, first: str, by_shopify: int, facility: str, hour: float, on_hand: bool
) -> None:
    """By ATP a store's snapshot leaves the reserved units out, and so does not change when they leave."""
    retailer.order({STORE: 2}, {STORE: by_shopify} if hour == 2 else None)
    has_left = hour == 2
    there = {"BROADWAY": 10, "WH": 10}
    if has_left:
        there[facility] -= 2
    elif not on_hand:
        there["BROADWAY"] -= 2
    steps: dict[str, Callable[[], object]] = {
        "snapshot": lambda: retailer.snapshot(hour, there, on_hand=on_hand),
        "fulfilment": lambda: retailer.complete(Row(facility, 1, 2)),
    }
    steps.pop(first)()
    for step in steps.values():
        step()
    retailer.order({STORE: 2}, {STORE: 2})
    assert retailer.stock() == (SENT if facility == "WH" else SENT_FROM_STORE)


@pytest.mark.parametrize("on_hand", [False, True])
@pytest.mark.parametrize("facility", ["BROADWAY", "WH"])
@pytest.mark.parametrize(
    "arrivals", ["snapshot order fulfilment", "order snapshot fulfilment", "order fulfilment snapshot"]
)
def test_a_store_order_may_have_been_sent_and_counted_before_it_is_imported(
    retailer: Retailer, arrivals: str, facility: str, on_hand: bool
) -> None:
    """What is reserved after the snapshot's moment is given back after it as well."""
    there = {"BROADWAY": 10, "WH": 10}
    there[facility] -= 2
    steps: dict[str, Callable[[], object]] = {
        "order": lambda: retailer.order({STORE: 2}),
        "snapshot": lambda: retailer.snapshot(-1, there, on_hand=on_hand),
        "fulfilment": lambda: retailer.complete(Row(facility, -2, 2)),
    }
    for step in arrivals.split():
        steps[step]()
    assert retailer.stock() == (SENT if facility == "WH" else SENT_FROM_STORE)


def test_an_online_reservation_waits_until_every_facility_that_may_have_sent_it_was_counted(
    retailer: Retailer,
) -> None:
    retailer.order({ONLINE: 2}, {ONLINE: 2})
    retailer.snapshot(1, {"BROADWAY": 10})
    assert retailer.online() == 18, "the warehouse may have sent it, and does not know yet"
    retailer.snapshot(1, {"WH": 8})
    assert (retailer.stock(), retailer.online()) == (SENT, 18)
    retailer.complete(Row("WH", -1, 2))
    assert retailer.stock() == SENT
    retailer.import_orders()
    assert retailer.stock() == SENT


def test_a_snapshot_that_came_before_the_fulfilment_was_heard_of_is_not_believed(retailer: Retailer) -> None:
    """Also where our clock is behind the ERP's: what was applied already cannot have counted what we hear of now."""
    retailer.order({ONLINE: 2})
    retailer.snapshot(0.05, {"BROADWAY": 10, "WH": 10})
    retailer.order({ONLINE: 2}, {ONLINE: 2})
    assert retailer.stock() == OPEN
    retailer.snapshot(0.1, {"BROADWAY": 10, "WH": 8})
    assert retailer.stock() == SENT


def test_a_facility_without_stock_need_not_be_counted(retailer: Retailer) -> None:
    retailer.snapshot(-2, {"WH": 0})
    retailer.order({ONLINE: 2}, {ONLINE: 2})
    retailer.snapshot(1, {"BROADWAY": 8})
    assert retailer.stock() == {"BROADWAY": (8, 8)}
