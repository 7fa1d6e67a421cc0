"""What the ERP is told of: changes of stock that it does not know, each once, in files whose bytes never change."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection, connect
from include.db.sql import statement
from include.intake import remote, variance_feed
from include.intake.variance_feed import Feed, FeedMisconfigured, Told
from include.stock import ledger
from include.stock.inbound import restock_form, restocks, shipments
from include.stock.inbound.restock_form import Entry
from include.stock.inbound.shipments import ReceivedLine
from tests.intake.drop import Drop, stores
from tests.world import World

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "hotwax-samples"
HEADER = "Reference No,Adjustment Account,Item,Adjust Qty By,Location,Date,Memo,Subsidiary,HC Inventory Adj Id"
AT = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
FOLDER = "netsuite/inventoryadjustment/csv"
VARIANCE_FORM = [
    "idValue", "externalFacilityId", "idType", "availableDelta", "locationSeqId", "varianceReasonId", "comments",
]  # fmt: skip


@dataclass
class Erp:
    """The feed, as the tests use it, and the ERP, which reads every new file once."""

    connection: Connection
    sftp: paramiko.SFTPClient
    born: list[int] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)

    @property
    def feed(self) -> Feed:
        return variance_feed.feed(self.connection, "INV_VARIANCE")

    def configure(self, **values: object) -> None:
        for name, value in values.items():
            self.connection.execute(f"UPDATE variance_feed SET {name} = %s".encode(), [value])

    def freeze(self) -> Told:
        return variance_feed.freeze(self.connection, self.feed)

    def upload(self) -> list[str]:
        return variance_feed.upload(self.connection, self.sftp, self.feed)

    def tell(self) -> list[dict[str, str]]:
        """Tell the ERP of everything; returns the rows of the new files."""
        self.freeze()
        return [row for path in self.upload() for row in csv.DictReader(io.StringIO(self.read(path).decode()))]

    def hear(self, paths: list[str]) -> None:
        """Remember what files say, by reference: a second word on the same variance must be the same."""
        for path in paths:
            for row in csv.DictReader(io.StringIO(self.read(path).decode())):
                units = int(row["Adjust Qty By"])
                assert self.heard.setdefault(row["Reference No"], units) == units

    def read(self, path: str) -> bytes:
        with self.sftp.open(path, "rb") as file:
            return file.read()


def change(
    connection: Connection, product: str, units: int, reason: str = "VAR_DAMAGED", at: datetime = AT, **more: object
) -> None:
    """A change of stock at BROADWAY."""
    values = {"product_id": product, "facility_id": "BROADWAY", "quantity_on_hand_diff": units,
              "available_to_promise_diff": units, "reason_enum_id": reason} | more  # fmt: skip
    with connection.transaction():
        ledger.open_for_posting(connection)
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        connection.execute(f"INSERT INTO movement ({names}) VALUES ({marks})".encode(), list(values.values()))
        ledger.post(connection, at)


@pytest.fixture
def erp(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Erp:
    stores(world)
    erp = Erp(connection, sftp_client)
    erp.configure(adjustment_account="927", subsidiary="1", export_from=AT - timedelta(days=1))
    return erp


def test_a_variance_is_told_in_the_documented_columns(erp: Erp, connection: Connection) -> None:
    change(connection, "10001", -10, "VAR_LOST")
    erp.freeze()
    (path,) = erp.upload()
    assert path.startswith(f"{FOLDER}/20")
    assert path.endswith("-InventoryVariances-1.csv")
    row = connection.execute(b"SELECT inventory_item_detail_id FROM inventory_item_detail").fetchone()
    assert row is not None
    assert erp.read(path).decode() == f"{HEADER}\n{row[0]},927,521,-10,43,2/28/2026,Lost,1,{row[0]}\n"


def test_the_columns_are_those_of_the_samples(erp: Erp) -> None:
    for name in ("Inventory Item Variances Sample Feed.csv", "Inventory Cycle Count Variances Sample Feed.csv"):
        if (sample := SAMPLES / name).exists():
            assert list(erp.feed.columns) == sample.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    if (sample := SAMPLES / "backorder_variance_spec.csv").exists():
        assert sample.read_text(encoding="utf-8-sig").splitlines()[0].split(",") == VARIANCE_FORM
    assert set(VARIANCE_FORM) <= set(variance_feed.COLUMNS)


def test_the_other_documented_form(erp: Erp, connection: Connection) -> None:
    erp.configure(columns=VARIANCE_FORM, product_id_type="SKU", adjustment_account=None, subsidiary=None)
    change(connection, "10001", 1, "VAR_REPORT")
    assert erp.tell() == [
        {
            "idValue": "SKU-10001",
            "externalFacilityId": "43",
            "idType": "SKU",
            "availableDelta": "1",
            "locationSeqId": "",
            "varianceReasonId": "VAR_REPORT",
            "comments": "Correction of a report",
        }
    ]


def test_only_what_is_born_outside_the_erp_is_told(
    erp: Erp, connection: Connection, sftp_client: paramiko.SFTPClient
) -> None:
    def drop(config_id: str, content: str) -> None:
        assert Drop(connection, sftp_client, config_id)(content).status_id == "FINISHED"

    # From the ERP, or told to it in another way.
    drop("RESET_INVENTORY", "externalFacilityId,availableQty,idValue\n43,30,521\n43,7,522\n")
    drop("IMP_INV_ADJUST", "externalFacilityId,idValue,availableDelta,varianceReasonId\n43,521,-1,VAR_REPORT\n")
    drop("IMP_INV_TRANS", "externalFacilityId,idValue,availableDelta\n43,521,-2\n44,521,2\n")
    change(connection, "10001", -1, "POS_SALE")
    change(connection, "10001", -1, "ITEM_ISSUANCE", order_id="1")
    change(connection, "10001", 5, "VAR_SHIP_RECV", shipment_id="S")
    change(connection, "10001", 3, "VAR_MANUAL", AT - timedelta(days=2))
    change(connection, "10001", 0, "VAR_MANUAL", available_to_promise_diff=-1)
    assert erp.tell() == []
    # Born elsewhere.
    erp.configure(export_from=AT - timedelta(days=1000))
    assert [row["Memo"] for row in erp.tell()] == ["Changed by hand"], "the one from before"
    drop("REC_INV_COUNT", "externalFacilityId,idType,idValue,quantity\n43,SKU,SKU-10002,9\n")
    drop("MDM_INV_VARIANCE", "externalFacilityId,idType,idValue,availableDelta,varianceReasonId\n"
                             "44,SKU,SKU-10001,-1,VAR_STOLEN\n44,SKU,SKU-10001,1,POS_SALE\n")  # fmt: skip
    change(connection, "10001", -4)
    told = {(row["Item"], row["Location"], row["Adjust Qty By"], row["Memo"].split(":")[0]) for row in erp.tell()}
    assert told == {
        ("522", "43", "2", "Cycle count"),
        ("521", "44", "-1", "Stolen"),
        ("521", "43", "-4", "Damaged"),
    }


def test_units_rejected_on_arrival_are_told(erp: Erp, connection: Connection, sftp_client: paramiko.SFTPClient) -> None:
    content = (
        "external-shipment-id,product-sku,quantity,destination-facility-id\nTO7,SKU-10001,10,43\nTO7,SKU-10002,5,43\n"
    )
    Drop(connection, sftp_client, "IMP_TO_SHPMNT")(content)
    row = connection.execute(b"SELECT shipment_id FROM shipment").fetchone()
    assert row is not None
    lines = [
        ReceivedLine(Decimal(8), Decimal(2), product_id="10001", rejection_reason="torn"),
        ReceivedLine(Decimal(4), Decimal(1), product_id="10002", rejection_reason="VAR_MISSHIP_SHIPPED"),
    ]
    shipments.receive(connection, row[0], AT, "k", lines=lines)
    told = erp.tell()
    assert [(each["Item"], each["Adjust Qty By"], each["Memo"]) for each in told] == [
        ("521", "-2", "Rejected on arrival: torn"),
        ("522", "-1", "Rejected on arrival: Shipped in error: shipped"),
    ]
    assert all(each["Reference No"].startswith("R") for each in told)
    assert erp.tell() == []


def test_a_restock_is_not_told(erp: Erp, connection: Connection, world: World) -> None:
    world.shop()
    entry = Entry("10001", Decimal(5), "BROADWAY", None, AT, "January")
    restocks.receive(connection, restock_form.schedule(connection, entry, AT), AT)
    assert world.stock() == {("10001", "BROADWAY"): (5, 5)}
    assert erp.tell() == []


def test_nothing_is_told_twice_and_nothing_left_out(erp: Erp, connection: Connection, dsn: str) -> None:
    change(connection, "10001", -1)
    change(connection, "10001", -1)
    with connect(dsn) as late, late.transaction():
        ledger.open_for_posting(late)
        late.execute(b"INSERT INTO movement VALUES ('10002', 'BROADWAY', -7, -7, 'VAR_STOLEN')")
        ledger.post(late, AT)
        assert [row["Adjust Qty By"] for row in erp.tell()] == ["-1", "-1"], "equal rows are two"
    assert [row["Adjust Qty By"] for row in erp.tell()] == ["-7"], "committed late, with an older number"
    assert erp.tell() == []


def test_a_dry_run_changes_nothing(erp: Erp, connection: Connection) -> None:
    change(connection, "10001", -1)
    assert variance_feed.forecast(connection, erp.feed) == Told((), 1, ())
    assert connection.execute(b"SELECT count(*) FROM variance_file").fetchone() == (0,)
    assert len(erp.tell()) == 1


def test_many_rows_are_cut_into_files(erp: Erp, connection: Connection) -> None:
    erp.configure(rows_per_file=2)
    for units in range(1, 6):
        change(connection, "10001", units, at=AT + timedelta(minutes=units))
    told = erp.freeze()
    assert (len(told.files), told.rows) == (3, 5)
    assert erp.upload() == list(told.files)
    lengths = [len(erp.read(path).decode().splitlines()) for path in told.files]
    assert lengths == [3, 3, 2]
    rows = connection.execute(b"SELECT variance_file_id, line_number FROM exported_variance ORDER BY 1, 2").fetchall()
    assert rows == [(1, 2), (1, 3), (2, 2), (2, 3), (3, 2)]


def test_what_the_erp_has_no_word_for_waits_until_it_has(erp: Erp, connection: Connection, world: World) -> None:
    world.facility("POPUP")
    connection.execute(b"DELETE FROM good_identification WHERE product_id = '10002'")
    change(connection, "10001", -1)
    change(connection, "10002", -2)
    change(connection, "10001", -3, facility_id="POPUP")
    told = erp.freeze()
    assert told.rows == 1
    assert told.untold == (
        "facility 'POPUP' has no external_id: enter its NetSuite location in facility",
        "product '10002' has no NETSUITE_PRODUCT_ID: enter it in good_identification",
    )
    connection.execute(b"INSERT INTO good_identification VALUES ('NETSUITE_PRODUCT_ID', '522', '10002')")
    connection.execute(b"UPDATE facility SET external_id = '77' WHERE facility_id = 'POPUP'")
    erp.upload()
    assert sorted(row["Adjust Qty By"] for row in erp.tell()) == ["-2", "-3"]


def test_a_feed_that_is_not_set_up_says_what_to_enter(erp: Erp, connection: Connection) -> None:
    erp.configure(adjustment_account=None)
    assert erp.freeze() == Told((), 0, ()), "nothing to tell, nothing to miss"
    change(connection, "10001", -1)
    with pytest.raises(FeedMisconfigured, match=r"variance_feed.adjustment_account is empty; enter NetSuite's"):
        erp.freeze()
    erp.configure(adjustment_account="927", columns=["Item", "Quantity"])
    with pytest.raises(FeedMisconfigured, match=r"variance_feed.columns names \['Quantity'\]; expected some of"):
        erp.freeze()
    with pytest.raises(FeedMisconfigured, match="'X': no such row in variance_feed"):
        variance_feed.feed(connection, "X")


def test_a_memo_that_a_spreadsheet_would_run_is_disarmed(erp: Erp, connection: Connection) -> None:
    connection.execute(b"UPDATE variance_reason SET description = '=1+1' WHERE variance_reason_id = 'VAR_DAMAGED'")
    change(connection, "10001", -1)
    (row,) = erp.tell()
    assert (row["Memo"], row["Adjust Qty By"]) == ("'=1+1", "-1")


@pytest.mark.parametrize("in_the_way", [".part", ""], ids=["while it is written", "before it is renamed"])
def test_an_upload_that_breaks_off_is_repeated_with_the_same_bytes(
    erp: Erp, connection: Connection, in_the_way: str
) -> None:
    change(connection, "10001", -1)
    (path,) = erp.freeze().files
    (frozen,) = variance_feed.waiting(connection, erp.feed)
    remote.make_folder(erp.sftp, path + in_the_way)
    with pytest.raises(OSError):  # noqa: PT011  # whatever the server says
        erp.upload()
    change(connection, "10001", -5)
    connection.execute(b"UPDATE variance_feed SET adjustment_account = '928'")
    erp.sftp.rmdir(path + in_the_way)
    assert erp.upload() == [path]
    assert erp.read(path) == frozen.content
    # Dying before the upload is noted: the same bytes under the same name again.
    connection.execute(b"UPDATE variance_file SET uploaded_at = NULL")
    assert erp.upload() == [path]
    assert erp.read(path) == frozen.content
    assert erp.upload() == []
    assert erp.sftp.listdir(FOLDER) == [path.removeprefix(f"{FOLDER}/")]
    assert [row["Adjust Qty By"] for row in erp.tell()] == ["-5"]


def test_runs_at_the_same_time_tell_each_variance_once(erp: Erp, connection: Connection, dsn: str) -> None:
    for units in range(1, 9):
        change(connection, "10001", units)
    feed = erp.feed
    told: list[Told] = []

    def freeze() -> None:
        with connect(dsn) as own:
            told.append(variance_feed.freeze(own, feed))

    threads = [threading.Thread(target=freeze) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.rows for each in told) == [0, 0, 0, 8]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(-9, 9).filter(bool), st.sampled_from(["VAR_LOST", "VAR_INTEGR"])),
        st.tuples(st.sampled_from(["freeze", "upload", "forget"])),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whenever_it_dies_the_erp_hears_each_variance_once(erp: Erp, steps: list[tuple[object, ...]]) -> None:
    """By the reference number, under which NetSuite takes an adjustment once."""
    for name, *given_with in [*steps, ("freeze",), ("upload",)]:
        match name:
            case "change":
                units, reason = given_with
                assert isinstance(units, int)
                change(erp.connection, "10001", units, str(reason))
                erp.born += [units] if reason == "VAR_LOST" else []
            case "freeze":
                erp.freeze()
            case "upload":
                erp.hear(erp.upload())
            case "forget":  # it died after the rename, before it could note the upload
                erp.connection.execute(
                    b"UPDATE variance_file SET uploaded_at = NULL"
                    b" WHERE variance_file_id = (SELECT max(variance_file_id) FROM variance_file)"
                )
    assert sorted(erp.heard.values()) == sorted(erp.born)


def test_what_the_erp_knows_is_not_read(erp: Erp, connection: Connection) -> None:
    """The bulk of the ledger is resets and what was told long ago, and stays out of the way."""
    connection.execute(
        b"INSERT INTO inventory_item_detail (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
        b" reason_enum_id, is_new_to_erp, data_manager_log_id, effective_at)"
        b" SELECT '10001', 'BROADWAY', 1, 1, 'VAR_FOUND', TRUE, 1, now() FROM generate_series(1, 60000)"
    )
    for units in range(1, 4):
        change(connection, "10001", units)
    connection.execute(b"ANALYZE")
    untold = (
        statement(variance_feed.__file__, "select_untold_variances"),
        {"export_from": AT, "product_id_type": "SKU", "time_zone": "UTC", "date_format": "FMMM/FMDD/YYYY"},
    )
    for query, parameters in (untold, (b"SELECT * FROM unknown_to_erp(now())", {})):
        for _ in range(2):  # the first time pages of the catalogue are read as well
            found = connection.execute(
                b"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS, FORMAT JSON) " + query, parameters
            ).fetchone()
        assert found is not None
        (explained,) = found[0]
        read = explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
        assert explained["Plan"]["Actual Rows"] == 3
        assert read < 200, f"{read} pages; the ledger has some 750"
