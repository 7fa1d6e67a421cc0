"""Kit lists over real SFTP: components, periods, and kits that would hold themselves."""

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
from tests.intake.drop import Drop
from tests.world import World

HEADER = "productId,productIdTo,quantity,productAssocTypeId\n"
DATED = "productId,productIdTo,quantity,fromDate,thruDate\n"
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
SAMPLE = Path(__file__).parents[2].parent / "shared" / "reference" / "hotwax-samples" / "kit_components.csv"
EVER = ("-infinity", "infinity")


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    """The feed's folder and five products, whose NetSuite ids are 1 to 5."""
    for index, product in enumerate("ABCDE", 1):
        world.product(product, netsuite_id=str(index))
    return Drop(connection, sftp_client, "IMP_KIT_COMPONENT")


def kits(connection: Connection) -> dict[tuple[str, str, str], tuple[float, str]]:
    """Quantity and end, by kit, component and beginning."""
    rows = connection.execute(
        b"SELECT product_id, product_id_to, from_date::text, quantity, thru_date::text FROM product_assoc"
        b" WHERE product_assoc_type_id = 'PRODUCT_COMPONENT'"
    )
    return {(row[0], row[1], row[2]): (float(row[3]), row[4]) for row in rows}


def held(connection: Connection) -> dict[tuple[str, str], float]:
    """What kits hold now."""
    rows = connection.execute(
        b"SELECT product_id, product_id_to, quantity FROM product_assoc WHERE from_date <= now() AND thru_date > now()"
    ).fetchall()
    assert len(rows) == len({row[:2] for row in rows}), "two periods of one kit and component overlap"
    return {(row[0], row[1]): float(row[2]) for row in rows}


def kinds(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(b"SELECT product_id, product_type_id FROM product").fetchall())


def drain(connection: Connection) -> set[str]:
    return {row[0] for row in connection.execute(b"DELETE FROM dirty_product RETURNING product_id")}


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "A,B,2,PRODUCT_COMPONENT\nA,C,,\n",
        "product-id,product-id-to,quantity\n1,2,2\n1,C,1\n",
        "kit-sku,component-sku,quantity\nSKU-A,SKU-B,2\nSKU-A,SKU-C,\n",
        "idType,productId,productIdTo,quantity\nsku,SKU-A,SKU-B,2\nNetsuite Product Id,1,3,\n",
        "productId,kit-sku,productIdTo,component-sku,quantity\nA,,,SKU-B,2\n,SKU-A,3,,1\n",
        "Product Id,PRODUCT_ID_TO,Quantity,product_assoc_type_id\nA,B,2.0,product_component\nA,C,1,\n",
    ],
)
def test_each_spelling(drop: Drop, connection: Connection, content: str) -> None:
    outcome = drop(content)
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert outcome.counts == Counts(total=2, changed=2, unchanged=0, superseded=0, failed=0)
    assert kits(connection) == {("A", "B", EVER[0]): (2, EVER[1]), ("A", "C", EVER[0]): (1, EVER[1])}
    assert kinds(connection) == {"A": "MARKETING_PKG_PICK"} | dict.fromkeys("BCDE", "FINISHED_GOOD")
    assert drain(connection) == {"A"}
    row = connection.execute(
        b"SELECT data_manager_log_id, line_number FROM product_assoc WHERE product_id_to = 'C'"
    ).fetchone()
    assert row == (outcome.data_manager_log_id, 3)


def test_a_product_id_comes_before_an_identification(drop: Drop, world: World, connection: Connection) -> None:
    world.product("2", netsuite_id="6")
    drop(HEADER + "1,2,1,\n")
    assert held(connection) == {("A", "2"): 1}


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the reference material is not beside the repository")
def test_the_reference_sample_is_read(drop: Drop, world: World, connection: Connection) -> None:
    for product in ("10003", "10571", "10594"):
        world.product(product)
    drop(SAMPLE.read_bytes(), SAMPLE.name)
    assert held(connection) == {("10003", "10571"): 1, ("10003", "10594"): 1}


def test_a_second_list_changes_what_differs_and_leaves_what_it_does_not_mention(
    drop: Drop, connection: Connection
) -> None:
    drop(HEADER + "A,B,1,\nA,C,1,\nD,E,1,\n", "2026-11-20-0100-a.csv")
    drain(connection)
    outcome = drop(HEADER + "A,B,1,\nD,E,3,\n", "2026-11-20-0200-b.csv")
    assert outcome.counts == Counts(total=2, changed=1, unchanged=1, superseded=0, failed=0)
    assert held(connection) == {("A", "B"): 1, ("A", "C"): 1, ("D", "E"): 3}
    assert drain(connection) == {"D"}


def test_a_change_marks_the_kits_above(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,1,\nB,C,1,\nC,D,1,\nE,D,1,\n", "2026-11-20-0100-a.csv")
    drain(connection)
    drop(HEADER + "C,D,2,\n", "2026-11-20-0200-b.csv")
    assert drain(connection) == {"A", "B", "C"}
    connection.execute(b"DELETE FROM product_assoc WHERE product_id = 'B'")
    assert drain(connection) == {"A", "B"}


def test_a_product_that_was_something_else_becomes_a_kit_again(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,1,\n", "2026-11-20-0100-a.csv")
    connection.execute(b"UPDATE product SET product_type_id = 'FINISHED_GOOD'")
    drain(connection)
    drop(HEADER + "A,B,1,\n", "2026-11-20-0200-b.csv")
    assert (kinds(connection)["A"], drain(connection)) == ("MARKETING_PKG_PICK", {"A"})


def test_a_component_ends_with_its_thru_date_and_comes_back_with_the_next_word_on_it(
    drop: Drop, connection: Connection
) -> None:
    drop(HEADER + "A,B,1,\nA,C,1,\n", "2026-11-20-0100-a.csv")
    outcome = drop(DATED + "A,C,,,2020-01-01\n", "2026-11-20-0200-b.csv")
    assert outcome.counts == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    assert held(connection) == {("A", "B"): 1}
    drop(HEADER + "A,C,2,\n", "2026-11-20-0300-c.csv")
    assert held(connection) == {("A", "B"): 1, ("A", "C"): 2}


def test_dates_are_those_of_the_feeds_time_zone(drop: Drop, connection: Connection) -> None:
    drop.configure(time_zone="America/New_York")
    drop(
        DATED + "A,B,1,2026-01-01,2026-07-01T06:30\nA,C,1,2026-01-01T00:00:00Z,2026-07-01 06:30:00.5+02\n"
        "A,D,1,2026-01-01 00:00:00.0,\n"
    )
    assert kits(connection) == {
        ("A", "B", "2026-01-01 05:00:00+00"): (1, "2026-07-01 10:30:00+00"),
        ("A", "C", "2026-01-01 00:00:00+00"): (1, "2026-07-01 04:30:00.5+00"),
        ("A", "D", "2026-01-01 05:00:00+00"): (1, "infinity"),
    }


def test_a_later_beginning_takes_over_and_periods_never_overlap(drop: Drop, connection: Connection) -> None:
    drop(DATED + "A,B,2,2030-01-01,\nA,B,1,,\n", "2026-11-20-0100-a.csv")
    january, february = "2030-01-01 00:00:00+00", "2030-02-01 00:00:00+00"
    assert kits(connection) == {("A", "B", EVER[0]): (1, january), ("A", "B", january): (2, EVER[1])}
    drop(DATED + "A,B,3,2030-02-01,2030-03-01\n", "2026-11-20-0200-b.csv")
    assert kits(connection) == {
        ("A", "B", EVER[0]): (1, january), ("A", "B", january): (2, february),
        ("A", "B", february): (3, "2030-03-01 00:00:00+00"),
    }  # fmt: skip
    drain(connection)
    drop(HEADER + "A,B,1,\n", "2026-11-20-0300-c.csv")
    assert kits(connection) == {("A", "B", EVER[0]): (1, EVER[1])}
    assert drain(connection) == {"A"}


def test_of_several_rows_the_last_counts_and_a_contradiction_is_told(drop: Drop, connection: Connection) -> None:
    outcome = drop(HEADER + "A,B,1,\nA,C,1,\nA,B,3,\nA,C,1,\n")
    assert outcome.counts == Counts(total=4, changed=2, unchanged=0, superseded=2, failed=0)
    assert outcome.message == "kit A, component B: line 2 gives another quantity or end than line 4, which counts"
    assert held(connection) == {("A", "B"): 3, ("A", "C"): 1}
    many = "".join(f"A,B,{number},\n" for number in range(1, 14))
    message = drop(HEADER + many, "2026-11-20-0200-b.csv").message or ""
    assert message.endswith("and 2 more lines that a later line contradicts")


def test_an_older_list_has_no_say(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,2,\n", "2026-11-20-0200-b.csv")
    outcome = drop(HEADER + "A,B,1,\nA,C,1,\n", "2026-11-20-0100-a.csv")
    assert outcome.counts == Counts(total=2, changed=1, unchanged=0, superseded=1, failed=0)
    assert held(connection) == {("A", "B"): 2, ("A", "C"): 1}


def test_an_older_list_has_no_say_although_the_newer_one_changed_nothing(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,1,\n", "2026-11-20-0100-a.csv")
    drop(HEADER + "A,B,1,\n", "2026-11-20-0300-c.csv")
    drop(HEADER + "A,B,5,\n", "2026-11-20-0200-b.csv")
    assert held(connection) == {("A", "B"): 1}


def test_bad_rows_say_why(drop: Drop, connection: Connection) -> None:
    outcome = drop(
        "productId,productIdTo,quantity,productAssocTypeId,fromDate,thruDate,idType\n"
        "A,B,1,,,,\n"
        "77,B,1,,,,\nA,77,1,,,,\nSKU-77,2,1,,,,SKU\n,B,1,,,,\nA,,1,,,,\n"
        "A,B,1,PRODUCT_VARIANT,,,\nA,B,0,,,,\nA,B,-1,,,,\nA,B,two,,,,\n"
        "A,B,1,,20.11.2026,,\nA,B,1,,,2026-02-30,\nA,B,1,,2026-12-01,2026-12-01,\nA,A,1,,,,\nA,B\n"
    )
    assert outcome.counts == Counts(total=15, changed=1, unchanged=0, superseded=0, failed=14)
    date = "expected a date such as 2026-12-01, or with a time such as 2026-12-01T08:00"
    quantity = "expected a number above 0, or nothing for 1. To end a component give a thruDate"
    unknown = "no product id, and no product has this NETSUITE_PRODUCT_ID; correct it or set the product up"
    assert drop.reasons() == {
        3: f"productId '77': {unknown}",
        4: f"productIdTo '77': {unknown}",
        5: "productId 'SKU-77': no product has this SKU; correct it or set the product up",
        6: "productId is empty; expected a kit",
        7: "productIdTo is empty; expected a component",
        8: (
            "productAssocTypeId 'PRODUCT_VARIANT'; expected PRODUCT_COMPONENT or nothing. Leave other associations out"
            " of the export"
        ),
        9: f"quantity '0'; {quantity}",
        10: f"quantity '-1'; {quantity}",
        11: f"quantity 'two'; {quantity}",
        12: f"fromDate '20.11.2026'; {date}",
        13: f"thruDate '2026-02-30'; {date}",
        14: (
            "thruDate '2026-12-01' is not after fromDate '2026-12-01'; expected an end after the beginning. Correct one"
            " of them"
        ),
        15: "A > A: a kit cannot hold itself; expected another product as its component. Correct the row",
        16: "2 fields, expected 7 as in the header",
    }
    assert held(connection) == {("A", "B"): 1}


def test_names_in_refusals_are_those_of_the_file(drop: Drop) -> None:
    drop("Kit SKU,Component SKU,Quantity\nSKU-77,SKU-A,1\nSKU-A,B,1\nSKU-A,SKU-B,none\n")
    assert {line: reason.split("; ")[0] for line, reason in drop.reasons().items()} == {
        2: "Kit SKU 'SKU-77': no product has this SKU",
        3: "Component SKU 'B': no product has this SKU",
        4: "Quantity 'none'",
    }


ADVICE = (
    ": the kit would hold itself; expected components that do not hold it. Correct the row, or end another part of the"
    " chain with a thruDate first"
)


def test_a_circle_in_a_file_is_refused_where_it_closes(drop: Drop, connection: Connection) -> None:
    outcome = drop(HEADER + "A,B,1,\nB,C,1,\nC,A,1,\nC,D,1,\n")
    assert drop.reasons() == {4: "C > A > B > C" + ADVICE}
    assert outcome.counts == Counts(total=4, changed=3, unchanged=0, superseded=0, failed=1)
    assert set(held(connection)) == {("A", "B"), ("B", "C"), ("C", "D")}


def test_a_circle_with_what_is_stored_is_refused(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,1,\nB,C,1,\n", "2026-11-20-0100-a.csv")
    outcome = drop(HEADER + "C,D,1,\nD,A,1,\nB,C,4,\n", "2026-11-20-0200-b.csv")
    assert drop.reasons() == {3: "D > A > B > C > D" + ADVICE}
    assert outcome.counts == Counts(total=3, changed=2, unchanged=0, superseded=0, failed=1)
    assert held(connection) == {("A", "B"): 1, ("B", "C"): 4, ("C", "D"): 1}
    assert kinds(connection)["D"] == "FINISHED_GOOD"


def test_a_refused_row_closes_no_circle_for_others(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,1,\nB,A,1,\nA,C,1,\nC,B,1,\n")
    assert drop.reasons() == {3: "B > A > B" + ADVICE}
    assert set(held(connection)) == {("A", "B"), ("A", "C"), ("C", "B")}


def test_what_is_restated_stands_and_what_is_added_gives_way(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "B,A,1,\n", "2026-11-20-0100-a.csv")
    drop(HEADER + "A,B,1,\nB,A,2,\n", "2026-11-20-0200-b.csv")
    assert drop.reasons() == {2: "A > B > A" + ADVICE}
    assert held(connection) == {("B", "A"): 2}


def test_a_chain_may_be_turned_round_once_its_other_part_has_ended(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "B,A,1,\n", "2026-11-20-0100-a.csv")
    outcome = drop(DATED + "A,B,1,,\nB,A,1,,2026-01-01\n", "2026-11-20-0200-b.csv")
    assert outcome.counts == Counts(total=2, changed=2, unchanged=0, superseded=0, failed=0)
    assert held(connection) == {("A", "B"): 1}


def test_a_circle_that_never_holds_all_at_once_is_none(drop: Drop, connection: Connection) -> None:
    content = DATED + "A,B,1,,2040-01-01\nB,A,1,2040-01-01,\nB,C,1,,\nC,B,1,2039-01-01,\n"
    drop(content)
    assert drop.reasons() == {5: "C > B > C" + ADVICE}
    assert len(kits(connection)) == 3


def test_a_corrected_reject_file_is_taken_for_its_own_moment(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "A,B,1,\nA,C,x,\nA,D,y,\n", "2026-11-20-0100-a.csv")
    name, rejects = drop.error_file()
    drop(HEADER + "A,D,3,\n", "2026-11-20-0200-b.csv")
    outcome = drop(rejects.replace(",x,", ",2,").replace(",y,", ",2,"), name)
    assert outcome.counts == Counts(total=2, changed=1, unchanged=0, superseded=1, failed=0)
    assert held(connection) == {("A", "B"): 1, ("A", "C"): 2, ("A", "D"): 3}


def test_the_same_file_again_tries_only_what_was_refused(drop: Drop, world: World, connection: Connection) -> None:
    content = HEADER + "A,B,1,\nA,F,1,\n"
    drop(content, at=MIDNIGHT)
    world.product("F")
    again = drop(content, at=MIDNIGHT)
    assert again.message == "the same file as log 1: only the 1 rows refused there are tried"
    assert held(connection) == {("A", "B"): 1, ("A", "F"): 1}
    assert drop(content, at=MIDNIGHT).message == "the same file as log 2: not applied again"


def test_a_file_without_rows_is_refused(drop: Drop) -> None:
    assert "no rows behind the header" in (drop(HEADER).message or "")
    assert "the file is empty" in (drop("", "2026-11-20-0200.csv").message or "")


def test_a_file_in_the_wrong_folder_is_named_in_both_directions(drop: Drop, connection: Connection) -> None:
    reset = drop("Item,externalFacilityId,availableQty,idValue\na,43,6,521\n")
    assert "not a kit component file: no column productId or kit-sku, no column productIdTo" in (reset.message or "")
    assert "RESET_INVENTORY (netsuite/inventoryitem/csv)" in (reset.message or "")
    ours = Drop(connection, drop.sftp, "RESET_INVENTORY")(HEADER + "A,B,1,\n")
    assert "IMP_KIT_COMPONENT (netsuite/product/kit)" in (ours.message or "")


def test_an_association_made_by_hand_marks_its_kit(drop: Drop, connection: Connection) -> None:
    connection.execute(b"INSERT INTO product_assoc (product_id, product_id_to) VALUES ('A', 'B'), ('B', 'C')")
    assert drain(connection) == {"A", "B"}
    connection.execute(b"UPDATE product_assoc SET line_number = 3")
    assert drain(connection) == set()
    connection.execute(b"UPDATE product_assoc SET product_id_to = 'D' WHERE product_id_to = 'C'")
    assert drain(connection) == {"A", "B"}


@dataclass(frozen=True)
class KitFile:
    """One file: the minute that it speaks of, when it was written, and rows of component, quantity, from and thru."""

    minute: int
    written: int
    rows: list[tuple[int, int, int | None, int | None]]

    def name(self, index: int) -> str:
        return f"{MIDNIGHT + timedelta(minutes=self.minute):%Y-%m-%d-%H-%M}-{index}.csv"

    def content(self, kit: str, index: int) -> str:
        rows = [
            f"{kit},{kit}-{component},{quantity},{day(start)},{day(end)},file {index}"
            for component, quantity, start, end in self.rows
        ]
        return "\n".join(["productId,productIdTo,quantity,fromDate,thruDate,note", *rows, ""])


DAYS = range(5)


def day(number: int | None) -> str:
    return "" if number is None else f"2030-01-{number + 1:02}"


def in_order(row: tuple[int, int, int | None, int | None]) -> bool:
    return row[2] is None or row[3] is None or row[2] < row[3]


days = st.none() | st.sampled_from(DAYS)
kit_files = st.builds(
    KitFile,
    minute=st.integers(0, 2),
    written=st.integers(0, 2),
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9), days, days).filter(in_order), min_size=1, max_size=4),
)


def expected_kits(files: list[KitFile], kit: str) -> dict[tuple[str, int], int]:
    """How many of each component the kit holds, day by day: by the newest word that has begun by then."""
    ordered = sorted(enumerate(files), key=lambda each: (each[1].minute, each[1].written, each[1].name(each[0])))
    holds: dict[tuple[str, int], int] = {}
    for component in (0, 1):
        for number in DAYS:
            for _, file in ordered:
                begun = [row for row in file.rows if row[0] == component and (row[2] is None or row[2] <= number)]
                # Of one file's rows the latest beginning, and of those with the same one the last row.
                begun.sort(key=lambda row: -1 if row[2] is None else row[2])
                if begun:
                    holds.pop((f"{kit}-{component}", number), None)
                    if begun[-1][3] is None or begun[-1][3] > number:
                        holds[f"{kit}-{component}", number] = begun[-1][1]
    return holds


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), files=st.lists(kit_files, min_size=1, max_size=5))
def test_whatever_order_files_arrive_in_the_end_is_the_same(
    drop: Drop, world: World, numbers: Iterator[int], files: list[KitFile], data: st.DataObject
) -> None:
    arrivals = data.draw(st.permutations(list(range(len(files))) + data.draw(st.lists(st.integers(0, len(files) - 1)))))
    kit = f"K{next(numbers)}"
    for product in (kit, f"{kit}-0", f"{kit}-1"):
        world.product(product)
    for index in arrivals:
        written = MIDNIGHT + timedelta(minutes=files[index].written)
        drop(files[index].content(kit, index), files[index].name(index), written)
    rows = drop.connection.execute(
        b"SELECT product_id_to, day - 1, quantity FROM product_assoc CROSS JOIN generate_series(1, 5) AS day"
        b" WHERE product_id = %s AND from_date <= make_date(2030, 1, day) AND thru_date > make_date(2030, 1, day)",
        [kit],
    ).fetchall()
    assert len(rows) == len({row[:2] for row in rows})
    assert {(row[0], row[1]): int(row[2]) for row in rows} == expected_kits(files, kit)
