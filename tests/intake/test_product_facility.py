"""Files with safety stock, thresholds and switches, over real SFTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.intake.data_manager import Counts
from tests.intake.drop import Drop, stores
from tests.world import World

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
SAMPLES = Path(__file__).parents[2].parent / "shared" / "reference" / "hotwax-samples"
Rules = dict[tuple[str, str], tuple[int, bool, bool, int | None]]


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    """The feed's folder, a store, a warehouse, a virtual facility, a configuration facility and two products."""
    stores(world)
    world.facility("WEB_CONFIG", "CONFIGURATION", external_id="500")
    return Drop(connection, sftp_client, "IMP_PROD_FACILITY")


def rules(connection: Connection) -> Rules:
    """Minimum stock, brokering, pickup and reorder quantity, by product and facility."""
    rows = connection.execute(
        b"SELECT product_id, facility_id, minimum_stock, allow_brokering, allow_pickup, reorder_quantity"
        b" FROM product_facility"
    )
    return {(row[0], row[1]): (int(row[2]), row[3], row[4], None if row[5] is None else int(row[5])) for row in rows}


def drain(connection: Connection) -> set[str]:
    """The products marked dirty since the last look."""
    return {row[0] for row in connection.execute(b"DELETE FROM dirty_product RETURNING product_id")}


@pytest.mark.parametrize(
    ("content", "facility", "expected"),
    [
        ("product-id,facility-id,facility-safety-stock\n10001,BROADWAY,2\n", "BROADWAY", (2, True, True, None)),
        ("product-id,facility-id,minimum-stock\n10001,MAIN_WH,7\n", "MAIN_WH", (7, True, True, None)),
        ("product-id,facility-id,minimum-stock\n10001,WEB_CONFIG,10\n", "WEB_CONFIG", (10, True, True, None)),
        ("product-id,facility-id,allow-brokering\n10001,BROADWAY,N\n", "BROADWAY", (0, False, True, None)),
        ("facility-id,product-id,allow-pickup\nBROADWAY,10001,n\n", "BROADWAY", (0, True, False, None)),
        ("facility-id,product-id,allow-brokering\nWEB_CONFIG,10001,N\n", "WEB_CONFIG", (0, False, True, None)),
        ("ProductId,FACILITY_ID,Minimum Stock\n10001,BROADWAY,1\n", "BROADWAY", (1, True, True, None)),
        (
            "facility-id,facility-external-id,product-id,product-sku,facility-safety-stock,reorder-quantity,allow-pickup\n"
            "BROADWAY,43,10001,SKU-10001,10,20,N\n",
            "BROADWAY", (10, True, False, 20),
        ),
        (
            "facility-id,facility-external-id,product-id,product-sku,facility-safety-stock,reorder-quantity,allow-pickup\n"
            ",44,,SKU-10001,10,,\n",
            "MAIN_WH", (10, True, True, None),
        ),
        (
            "facility-id,product-id,facility-safety-stock,minimum-stock\nBROADWAY,10001,3,3.0\n",
            "BROADWAY", (3, True, True, None),
        ),
    ],
)  # fmt: skip
def test_each_spelling(
    drop: Drop, connection: Connection, content: str, facility: str, expected: tuple[int, bool, bool, int | None]
) -> None:
    outcome = drop(content)
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert outcome.counts == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    assert rules(connection) == {("10001", facility): expected}
    assert drain(connection) == {"10001"}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the reference material is not beside the repository")
def test_the_reference_samples_are_read(drop: Drop, world: World, connection: Connection) -> None:
    world.product("10560")
    world.product("1008774")
    world.facility("1234", external_id="NS-123")
    world.facility("WEB_CHANNEL_CONFIG", "CONFIGURATION")
    paths = [*sorted(SAMPLES.glob("constructed-PRODUCT_FACILITY-*.csv")), SAMPLES / "import_safety_stock.csv"]
    for path in paths:
        assert drop(path.read_bytes(), path.name).status_id == "FINISHED"
    assert rules(connection) == {
        ("10560", "BROADWAY"): (2, False, True, None), ("10560", "WEB_CHANNEL_CONFIG"): (10, True, True, None),
        ("1008774", "1234"): (10, True, True, 20),
    }  # fmt: skip


def test_an_empty_cell_leaves_its_value_and_a_row_of_empty_cells_says_nothing(
    drop: Drop, connection: Connection
) -> None:
    header = "product-id,facility-id,minimum-stock,allow-brokering,allow-pickup,reorder-quantity\n"
    drop(header + "10001,BROADWAY,4,N,N,9\n", "2026-11-20-0100-a.csv")
    outcome = drop(header + '10001,BROADWAY,,Y,"",\n10002,BROADWAY,, ,,\n', "2026-11-20-0200-b.csv")
    assert outcome.counts == Counts(total=2, changed=1, unchanged=1, superseded=0, failed=0)
    assert rules(connection) == {("10001", "BROADWAY"): (4, True, False, 9)}


def test_only_what_differs_is_written(drop: Drop, world: World, connection: Connection) -> None:
    header = "product-id,facility-id,minimum-stock\n"
    drop(header + "10001,BROADWAY,4\n10002,BROADWAY,0\n10002,MAIN_WH,1\n")
    drain(connection)
    written = b"SELECT product_id, facility_id, ctid::text FROM product_facility ORDER BY 1, 2"
    before = connection.execute(written).fetchall()
    outcome = drop(
        header + "10001,BROADWAY,4\n10002,BROADWAY,0.0\n10002,MAIN_WH,2\n10001,MAIN_WH,0\n", "2026-11-20-0200-b.csv"
    )
    assert outcome.counts == Counts(total=4, changed=2, unchanged=2, superseded=0, failed=0)
    after = connection.execute(written).fetchall()
    assert {row[:2] for row in set(after) - set(before)} == {("10002", "MAIN_WH"), ("10001", "MAIN_WH")}
    assert drain(connection) == {"10001", "10002"}
    again = drop(header + "10001,BROADWAY,4\n10001,MAIN_WH,0\n", "2026-11-20-0300-c.csv")
    assert again.counts == Counts(total=2, changed=0, unchanged=2, superseded=0, failed=0)
    assert connection.execute(written).fetchall() == after
    assert drain(connection) == set()


def test_of_several_rows_the_last_counts_for_each_value(drop: Drop, connection: Connection) -> None:
    outcome = drop(
        "product-id,facility-id,minimum-stock,allow-pickup\n"
        "10001,BROADWAY,4,N\n10001,BROADWAY,5,\n10001,BROADWAY,6,\n10002,BROADWAY,1,Y\n"
    )
    assert outcome.counts == Counts(total=4, changed=3, unchanged=0, superseded=1, failed=0)
    assert rules(connection) == {
        ("10001", "BROADWAY"): (6, True, False, None), ("10002", "BROADWAY"): (1, True, True, None),
    }  # fmt: skip


def test_an_older_file_has_no_say_in_what_a_newer_one_spoke_of(drop: Drop, connection: Connection) -> None:
    drop("product-id,facility-id,minimum-stock\n10001,BROADWAY,0\n", "2026-11-20-0300-c.csv")
    outcome = drop(
        "product-id,facility-id,minimum-stock,allow-brokering\n10001,BROADWAY,8,N\n10001,MAIN_WH,8,\n10002,BROADWAY,8,\n",
        "2026-11-20-0200-b.csv",
    )
    assert outcome.counts == Counts(total=3, changed=3, unchanged=0, superseded=0, failed=0)
    assert rules(connection)["10001", "BROADWAY"] == (0, False, True, None)
    oldest = drop("product-id,facility-id,minimum-stock\n10001,BROADWAY,9\n10001,MAIN_WH,9\n", "2026-11-20-0100-a.csv")
    assert oldest.counts == Counts(total=2, changed=0, unchanged=0, superseded=2, failed=0)
    assert rules(connection) == {
        ("10001", "BROADWAY"): (0, False, True, None), ("10001", "MAIN_WH"): (8, True, True, None),
        ("10002", "BROADWAY"): (8, True, True, None),
    }  # fmt: skip


def test_bad_rows_say_why(drop: Drop, connection: Connection) -> None:
    outcome = drop(
        "facility-id,facility-external-id,product-id,product-sku,facility-safety-stock,minimum-stock,reorder-quantity,"
        "allow-brokering,allow-pickup\n"
        "BROADWAY,,10001,,1,,,,\n"
        "NOWHERE,,10001,,1,,,,\n"
        ",77,10001,,1,,,,\n"
        ",,10001,,1,,,,\n"
        "_NA_,,10001,,1,,,,\n"
        "BROADWAY,,77,,1,,,,\n"
        "BROADWAY,,,SKU-77,1,,,,\n"
        "BROADWAY,,,,1,,,,\n"
        "BROADWAY,,10001,,-1,,,,\n"
        "BROADWAY,,10001,,,many,,,\n"
        "BROADWAY,,10001,,1,2,,,\n"
        "BROADWAY,,10001,,,,-5,,\n"
        "BROADWAY,,10001,,,,,maybe,\n"
        "BROADWAY,,10001,,,,,,2\n"
        "BROADWAY,44,10001,,1,,,,\n"
        "BROADWAY,,10001,SKU-10002,1,,,,\n"
        "BROADWAY,NS-1,10001,SKU-1,1,,,,\n"
        "BROADWAY,10001\n"
    )
    assert outcome.counts == Counts(total=18, changed=1, unchanged=0, superseded=1, failed=16)
    number = "expected a number from 0 up, such as 2, or nothing to leave it as it is"
    assert drop.reasons() == {
        3: "facility-id 'NOWHERE': no such facility; expected one that is set up in Trueup",
        4: "facility-external-id '77': no facility has this NetSuite location; correct it or set the facility up",
        5: "facility-external-id is empty; expected the internal id of a NetSuite location",
        6: "facility '_NA_' is a virtual facility; expected a warehouse or retail store or configuration",
        7: "product-id '77': no such product; correct it or set the product up",
        8: "product-sku 'SKU-77': no product has this SKU; correct it or set the product up",
        9: "product-sku is empty; expected an identifier of the product",
        10: f"facility-safety-stock '-1'; {number}",
        11: f"minimum-stock 'many'; {number}",
        12: (
            "facility-safety-stock '1' and minimum-stock '2': they mean the same; expected one number. Empty one of the"
            " two cells"
        ),
        13: "reorder-quantity '-5'; expected a number from 0 up, such as 20, or nothing to leave it as it is",
        14: "allow-brokering 'maybe'; expected Y or N, or nothing to leave it as it is",
        15: "allow-pickup '2'; expected Y or N, or nothing to leave it as it is",
        16: (
            "facility-id 'BROADWAY' and facility-external-id '44' are two facilities (the second is MAIN_WH); expected"
            " one. Correct the wrong name"
        ),
        17: (
            "product-id '10001' and product-sku 'SKU-10002' are two products (the second is 10002); expected one."
            " Correct the wrong name"
        ),
        19: "2 fields, expected 9 as in the header",
    }
    assert rules(connection) == {("10001", "BROADWAY"): (1, True, True, None)}


def test_names_in_refusals_are_those_of_the_file(drop: Drop) -> None:
    drop("ProductId,FacilityId,AllowPickup\n77,BROADWAY,Y\n10001,,Y\n,BROADWAY,Y\n10001,NOWHERE,Y\n")
    assert drop.reasons() == {
        2: "ProductId '77': no such product; correct it or set the product up",
        3: "FacilityId is empty; expected the id of a facility",
        4: "ProductId is empty; expected an identifier of the product",
        5: "FacilityId 'NOWHERE': no such facility; expected one that is set up in Trueup",
    }


def test_the_same_file_again_does_nothing_and_the_same_content_on_another_day_does(
    drop: Drop, connection: Connection
) -> None:
    monday = "product-id,facility-id,minimum-stock\n10001,BROADWAY,4\n"
    drop(monday, "2026-11-16-0100.csv", MIDNIGHT)
    again = drop(monday, "2026-11-16-0100.csv", MIDNIGHT)
    assert again.message == "the same file as log 1: not applied again"
    assert again.counts == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)
    drop("product-id,facility-id,minimum-stock\n10001,BROADWAY,5\n", "2026-11-17-0100.csv", MIDNIGHT)
    assert drop(monday, "2026-11-18-0100.csv", MIDNIGHT).counts == Counts(1, 1, 0, 0, 0)
    assert rules(connection)["10001", "BROADWAY"][0] == 4


def test_a_corrected_reject_file_speaks_of_the_moment_of_the_file_that_it_comes_from(
    drop: Drop, connection: Connection
) -> None:
    header = "product-id,facility-id,minimum-stock\n"
    drop(header + "10001,BROADWAY,4\n10001,MAIN_WH,x\n10002,MAIN_WH,y\n", "2026-11-20-0100-a.csv")
    name, rejects = drop.error_file()
    drop(header + "10002,MAIN_WH,1\n", "2026-11-20-0200-b.csv")
    outcome = drop(rejects.replace(",x", ",6").replace(",y", ",7"), name)
    assert outcome.counts == Counts(total=2, changed=1, unchanged=0, superseded=1, failed=0)
    assert rules(connection) == {
        ("10001", "BROADWAY"): (4, True, True, None), ("10001", "MAIN_WH"): (6, True, True, None),
        ("10002", "MAIN_WH"): (1, True, True, None),
    }  # fmt: skip


def test_a_file_without_rows_is_refused(drop: Drop) -> None:
    assert "no rows behind the header" in (drop("product-id,facility-id,minimum-stock\n").message or "")
    assert "the file is empty" in (drop("", "2026-11-20-0200.csv").message or "")


def test_a_file_in_the_wrong_folder_is_named_in_both_directions(drop: Drop, connection: Connection) -> None:
    reset = drop("Item,externalFacilityId,availableQty,idValue\na,43,6,521\n")
    assert reset.status_id == "FAILED"
    assert "not a product facility file: no column product-id or product-sku" in (reset.message or "")
    assert "RESET_INVENTORY (netsuite/inventoryitem/csv)" in (reset.message or "")
    ours = Drop(connection, drop.sftp, "RESET_INVENTORY")("product-id,facility-id,allow-pickup\n10001,BROADWAY,Y\n")
    assert ours.status_id == "FAILED"
    assert "IMP_PROD_FACILITY (hotwax/available-to-promise)" in (ours.message or "")


@dataclass(frozen=True)
class RuleFile:
    """One file of the day: the minute that it speaks of, when it was written, and its rows."""

    minute: int
    written: int
    rows: list[tuple[str, int | None, bool | None, bool | None]]

    def name(self, index: int) -> str:
        return f"{MIDNIGHT + timedelta(minutes=self.minute):%Y-%m-%d-%H-%M}-{index}.csv"

    def content(self, product: str, index: int) -> str:
        flag = {None: "", True: "Y", False: "N"}
        rows = [
            f"{product},{facility},{'' if minimum is None else minimum},{flag[brokering]},{flag[pickup]},file {index}"
            for facility, minimum, brokering, pickup in self.rows
        ]
        return "\n".join(["product-id,facility-id,minimum-stock,allow-brokering,allow-pickup,note", *rows, ""])


FACILITIES = ("BROADWAY", "WEB_CONFIG")
flags = st.none() | st.booleans()
rule_files = st.builds(
    RuleFile,
    minute=st.integers(0, 2),
    written=st.integers(0, 2),
    rows=st.lists(
        st.tuples(st.sampled_from(FACILITIES), st.none() | st.integers(0, 9), flags, flags), min_size=1, max_size=4
    ),
)


def expected_rules(day: list[RuleFile], product: str) -> Rules:
    """What was said last, value by value, with the files in order of moment, writing and name."""
    said: dict[tuple[str, str], dict[int, int | bool]] = {}
    for _, file in sorted(enumerate(day), key=lambda each: (each[1].minute, each[1].written, each[1].name(each[0]))):
        for facility, *values in file.rows:
            for field, value in enumerate(values):
                if value is not None:
                    said.setdefault((product, facility), {})[field] = value
    return {
        key: (int(values.get(0, 0)), bool(values.get(1, True)), bool(values.get(2, True)), None)
        for key, values in said.items()
    }


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), day=st.lists(rule_files, min_size=1, max_size=5))
def test_whatever_order_a_days_files_arrive_in_the_end_is_the_same(
    drop: Drop, world: World, numbers: Iterator[int], day: list[RuleFile], data: st.DataObject
) -> None:
    arrivals = data.draw(st.permutations(list(range(len(day))) + data.draw(st.lists(st.integers(0, len(day) - 1)))))
    product = f"P{next(numbers)}"
    world.product(product)
    for index in arrivals:
        written = MIDNIGHT + timedelta(minutes=day[index].written)
        drop(day[index].content(product, index), day[index].name(index), written)
    found = {key: value for key, value in rules(drop.connection).items() if key[0] == product}
    assert found == expected_rules(day, product)
