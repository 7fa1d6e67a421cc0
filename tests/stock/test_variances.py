"""Variances and counts by hand: posted once, with reason, comment and who said so; refused where they make no sense."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from include.db.connection import Connection
from include.stock import ledger, movements, variances
from include.stock.identify import NotIdentified
from include.stock.variances import Finding, Recorded, VarianceRefused
from tests.stock import files
from tests.stock.atp.test_online_atp import move
from tests.world import World

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAMAGED = Finding("SKU-10001", "43", "VAR_DAMAGED", quantity=Decimal(-2), comment=" fell off ", found_by="jane")
COUNTED = Finding("10001", "Broadway", "cycle_count", counted=Decimal(7))


@pytest.fixture
def store(world: World, connection: Connection) -> World:
    """10 on hand at Broadway, 4 of them reserved."""
    world.facility("BROADWAY", external_id="43")
    world.facility("_NA_", "VIRTUAL_FACILITY")
    world.product("10001")
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(b"INSERT INTO movement VALUES ('10001', 'BROADWAY', 10, 10, 'VAR_EXT_RESET')")
        connection.execute(b"INSERT INTO movement VALUES ('10001', 'BROADWAY', 0, -4, 'INV_RES_CREATE')")
        ledger.post(connection, NOW - timedelta(hours=2))
    return world


def test_a_variance_is_added_to_both_totals_and_says_who_and_why(store: World, connection: Connection) -> None:
    recorded = variances.record(connection, "run 1", DAMAGED, NOW)
    assert recorded == Recorded(1, "10001", "BROADWAY", Decimal(-2), Decimal(8))
    assert store.stock() == {("10001", "BROADWAY"): (8, 4)}
    row = movements.newest(connection, ["10001"])[0]
    assert (row.reason_enum_id, row.reason, row.effective_at) == ("VAR_DAMAGED", "Damaged", NOW)
    assert (row.source, row.description) == ("by hand, jane (no. 1)", "fell off")
    assert ledger.out_of_balance(connection) == []


def test_a_count_sets_what_is_on_hand_and_what_is_reserved_stays_so(store: World, connection: Connection) -> None:
    recorded = variances.record(connection, "run 1", COUNTED, NOW)
    assert recorded == Recorded(1, "10001", "BROADWAY", Decimal(-3), Decimal(7))
    assert store.stock() == {("10001", "BROADWAY"): (7, 3)}
    again = variances.record(connection, "run 2", COUNTED, NOW)
    assert again.difference == 0
    row = movements.newest(connection, ["10001"])[0]
    assert (row.physical_inventory_id, row.source) == (1, "by hand, nobody said by whom (no. 1)")


def test_what_is_posted_while_a_count_waits_for_its_turn_stays(store: World, connection: Connection) -> None:
    """Seven were counted; then, before the count could be posted, five were received."""
    counted_at = datetime.now(UTC)
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(b"INSERT INTO movement VALUES ('10001', 'BROADWAY', 5, 5, 'VAR_SHIP_RECV')")
        ledger.post(connection, datetime.now(UTC))
    recorded = variances.record(connection, "run 1", COUNTED, counted_at)
    assert recorded == Recorded(1, "10001", "BROADWAY", Decimal(-3), Decimal(12))
    assert store.stock() == {("10001", "BROADWAY"): (12, 8)}


def test_what_was_known_before_a_count_is_in_it_whenever_it_reaches_the_erp(
    store: World, connection: Connection
) -> None:
    """A sale at the till takes effect once the ERP can know of it; the unit had gone when the store was counted."""
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(b"INSERT INTO movement VALUES ('10001', 'BROADWAY', -3, -3, 'ITEM_ISSUANCE')")
        ledger.post(connection, datetime.now(UTC) + timedelta(hours=6))
    recorded = variances.record(connection, "run 1", COUNTED, datetime.now(UTC))
    assert recorded == Recorded(1, "10001", "BROADWAY", Decimal(0), Decimal(7))


def test_the_same_run_again_records_nothing(store: World, connection: Connection) -> None:
    variances.record(connection, "run 1", DAMAGED, NOW)
    repeated = variances.record(connection, "run 1", DAMAGED, NOW + timedelta(minutes=5))
    assert repeated == Recorded(1, "10001", "BROADWAY", Decimal(-2), Decimal(8), is_repeated=True)
    variances.record(connection, "run 2", DAMAGED, NOW)
    assert store.stock() == {("10001", "BROADWAY"): (6, 2)}


def test_a_file_about_a_moment_before_the_count_is_in_it(store: World, connection: Connection) -> None:
    variances.record(connection, "run 1", COUNTED, NOW)
    file = "externalFacilityId,idValue,availableDelta\n43,10001,5\n"
    assert files.apply(connection, "IMP_INV_ADJUST", file, NOW - timedelta(minutes=1)).superseded == 1
    assert files.apply(connection, "IMP_INV_ADJUST", file, NOW + timedelta(minutes=1)).changed == 1
    assert store.stock() == {("10001", "BROADWAY"): (12, 8)}


def test_a_variance_changes_what_a_snapshot_has_made_known_though_its_clock_is_ahead(
    store: World, connection: Connection
) -> None:
    ahead = NOW + timedelta(minutes=4)
    files.apply(connection, "RESET_INVENTORY", "externalFacilityId,idValue,availableQty\n43,10001,5\n", ahead)
    variances.record(connection, "run 1", replace(DAMAGED, quantity=Decimal(6)), NOW)
    assert store.stock() == {("10001", "BROADWAY"): (15, 11)}
    assert movements.newest(connection, ["10001"])[0].effective_at > ahead


@pytest.mark.parametrize(
    ("config_id", "quantity", "reason"),
    [("MDM_INV_VARIANCE", "availableDelta", "VAR_LOST"), ("REC_INV_COUNT", "availableQty", "CYCLE_COUNT")],
)
def test_files_of_what_people_find_keep_reason_and_comment(
    store: World, connection: Connection, config_id: str, quantity: str, reason: str
) -> None:
    content = (
        f"facilityId,idType,idValue,{quantity},varianceReasonId,comments\n"
        "BROADWAY,SKU,SKU-10001,6,VAR_LOST, behind the shelf \n"
    )
    files.apply(connection, config_id, content, NOW)
    row = movements.newest(connection, ["10001"])[0]
    assert (row.reason_enum_id, row.description, row.line_number) == (reason, "behind the shelf", 2)
    assert (row.config_id, row.file_name) == (config_id, "090000.csv")


def test_comments_that_netsuite_writes_into_every_row_stay_in_the_file(store: World, connection: Connection) -> None:
    content = "externalFacilityId,productId,availableDelta,comments\n43,10001,6,Transaction # 7\n"
    files.apply(connection, "IMP_INV_ADJUST", content, NOW)
    assert movements.newest(connection, ["10001"])[0].description is None
    connection.execute(b"UPDATE data_manager_config SET keeps_comments = TRUE")
    files.apply(connection, "IMP_INV_ADJUST", content, NOW + timedelta(hours=1))
    assert movements.newest(connection, ["10001"])[0].description == "Transaction # 7"


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (replace(DAMAGED, reason="DAMAGED"), "reason 'DAMAGED': no such reason in variance_reason; nearby: "),
        (replace(DAMAGED, quantity=Decimal(-11)), "would leave -1 on hand; expected to take away no more than the 10"),
        (replace(DAMAGED, quantity=Decimal(0)), "a variance of 0 changes nothing"),
        (replace(DAMAGED, quantity=None), "neither is given; expected one of them"),
        (replace(COUNTED, quantity=Decimal(1)), "both are given; expected one of them"),
        (replace(COUNTED, counted=Decimal(-1)), "a count of -1; expected 0 or more"),
        (replace(COUNTED, product="KIT"), "product KIT is a kit"),
    ],
)
def test_what_makes_no_sense_is_refused(store: World, connection: Connection, finding: Finding, message: str) -> None:
    connection.execute(
        b"INSERT INTO product (product_id, product_type_id, internal_name) VALUES ('KIT', 'MARKETING_PKG_PICK', 'Set')"
    )
    with pytest.raises(VarianceRefused, match=re.escape(message)):
        variances.record(connection, "run 1", finding, NOW)
    assert store.stock() == {("10001", "BROADWAY"): (10, 6)}
    assert connection.execute(b"SELECT count(*) FROM physical_inventory").fetchone() == (0,)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (replace(DAMAGED, product="10010"), "'10010': no product has it as SKU"),
        (replace(DAMAGED, facility="BROADWAI"), "nearby: Broadway"),
        (replace(DAMAGED, facility="_NA_"), "no WAREHOUSE or RETAIL_STORE has this id"),
    ],
)
def test_unknown_names_are_answered_with_what_is_near(
    store: World, connection: Connection, finding: Finding, message: str
) -> None:
    with pytest.raises(NotIdentified, match=re.escape(message)):
        variances.record(connection, "run 1", finding, NOW)


def test_nothing_can_be_taken_from_what_is_below_zero_but_something_can_be_added(
    store: World, connection: Connection
) -> None:
    move(connection, "BROADWAY", -15)
    with pytest.raises(VarianceRefused, match="no more than the -5 there are"):
        variances.record(connection, "run 1", DAMAGED, NOW)
    found = replace(DAMAGED, quantity=Decimal(2), reason="VAR_FOUND")
    assert variances.record(connection, "run 1", found, NOW).quantity_on_hand == -3
