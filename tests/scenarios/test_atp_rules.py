"""From the rules' file over SFTP and the product facility feed to what a shop shows."""

import time
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.intake import remote, rule_files
from include.sandbox.sftp import SftpServer
from include.stock.atp_rules import __main__ as command
from include.stock.atp_rules import evaluation, importer, rules_file
from tests.conftest import open_sftp
from tests.intake.drop import Drop, stores
from tests.intake.test_product_facility import rules as values_of
from tests.scenarios.store import Store
from tests.stock.atp_rules.test_rules_file import example
from tests.world import ONLINE, World

SAFETY = """
rule_groups:
- id: SAFETY
  type: safety_stock
  rules:
  - {id: base, set: 1}
  - {id: fragile, set: 4, when: {tags: {any: [fragile]}}}
"""


class Rules:
    """Runs the rules as the DAG does, and the feed behind them."""

    def __init__(self, connection: Connection, sftp: paramiko.SFTPClient) -> None:
        self.connection, self.feed = connection, Drop(connection, sftp, "IMP_PROD_FACILITY")

    def find(self, text: str) -> list[str]:
        """Note what the rules change; returns the files' names."""
        applied = evaluation.apply(self.connection, rules_file.parse(text, "rules.yaml"), "rules.yaml")
        return [file.file_name for file in applied.files]

    def write(self) -> list[str]:
        return rule_files.write_outstanding(self.connection, self.feed.sftp, "FTP_CONFIG")

    def run(self, text: str) -> list[str]:
        """Apply the rules and read their files; returns what the files say."""
        self.find(text)
        contents = [self.content(path) for path in self.write()]
        assert all(outcome.status_id == "FINISHED" for outcome in self.feed.process())
        return contents

    def content(self, path: str) -> str:
        with self.feed.sftp.open(path) as file:
            return file.read().decode()


@pytest.fixture
def rules(connection: Connection, sftp_client: paramiko.SFTPClient) -> Rules:
    return Rules(connection, sftp_client)


def tag(connection: Connection, product: str, *tags: str) -> None:
    connection.execute(b"DELETE FROM product_tag WHERE product_id = %s", [product])
    for each in tags:
        connection.execute(b"INSERT INTO product_tag VALUES (%s, %s)", [product, each])


def test_a_rule_reaches_the_shop_and_a_removed_tag_takes_it_back(
    store: Store, rules: Rules, connection: Connection
) -> None:
    store.open({"A": 10, "B": 10})
    tag(connection, "A", "fragile")
    header = "product-id,facility-id,facility-safety-stock\n"
    assert rules.run(SAFETY) == [header + "A,BROADWAY,4\nB,BROADWAY,1\n"]
    store.push()
    assert (store.shown("A"), store.shown("B")) == (6, 9)
    assert rules.run(SAFETY) == []
    tag(connection, "A")
    assert rules.run(SAFETY) == [header + "A,BROADWAY,1\n"]
    store.push()
    assert (store.shown("A"), store.shown("B")) == (9, 9)
    assert rules.run("rule_groups: []") == [header + "A,BROADWAY,0\nB,BROADWAY,0\n"]
    store.push()
    assert (store.applied("A"), store.applied("B")) == ([-4, 3, 1], [-1, 1])


def test_a_product_that_a_spreadsheet_would_run_is_disarmed_and_means_the_same(
    store: Store, rules: Rules, connection: Connection
) -> None:
    products = ("'=1", "-2", "=1+1", "@x")
    store.open(dict.fromkeys(products, 10))
    header = "product-id,facility-id,facility-safety-stock\n"
    rules.feed.write(header + "=1+1,BROADWAY,7\n'=1,BROADWAY,8\n", "by-hand.csv")
    assert [outcome.status_id for outcome in rules.feed.process()] == ["FINISHED"]
    values = values_of(connection)
    assert (values["=1+1", "BROADWAY"][0], values["'=1", "BROADWAY"][0]) == (7, 8), "a stranger's file is as it is"
    assert rules.run(SAFETY) == [header + "''=1,BROADWAY,1\n-2,BROADWAY,1\n'=1+1,BROADWAY,1\n'@x,BROADWAY,1\n"]
    assert values_of(connection) == {(product, "BROADWAY"): (1, True, True, None) for product in products}


def test_a_tag_that_comes_and_goes_by_file_reaches_the_shop(store: Store, rules: Rules, connection: Connection) -> None:
    store.open({"A": 10, "B": 10})
    tags = Drop(connection, rules.feed.sftp, "IMP_PRODUCT_TAG")
    tags('product-sku,tags\nSKU-A,"new, fragile"\nSKU-B,new\n', "2026-11-20-0100-tags.csv")
    rules.run(SAFETY)
    store.push()
    assert (store.shown("A"), store.shown("B")) == (6, 9)
    tags("product-sku,tags\nSKU-A,new\n", "2026-11-20-0200-tags.csv")
    assert rules.run(SAFETY) == ["product-id,facility-id,facility-safety-stock\nA,BROADWAY,1\n"]
    store.push()
    assert (store.shown("A"), store.shown("B")) == (9, 9)


@pytest.fixture
def places(world: World, connection: Connection) -> World:
    """What the example of the documentation speaks of."""
    stores(world)
    world.facility("WEB_CONFIG", "CONFIGURATION")
    world.shop()
    world.channel("WEB", ONLINE, ["BROADWAY", "MAIN_WH"], queue="_NA_", configuration="WEB_CONFIG")
    connection.execute(b"INSERT INTO facility_group VALUES ('STORES', DEFAULT, 'Stores')")
    connection.execute(b"INSERT INTO facility_group_member VALUES ('STORES', 'BROADWAY')")
    connection.execute(b"INSERT INTO product_feature VALUES ('1', 'COLOR', 'Blue'), ('2', 'SIZE', 'S')")
    connection.execute(b"INSERT INTO product_feature_appl VALUES ('10001', '1'), ('10001', '2'), ('10002', '1')")
    tag(connection, "10001", "bulky")
    tag(connection, "10002", "clearance")
    return world


def test_the_example_of_the_documentation(places: World, rules: Rules, connection: Connection) -> None:
    """One file for each type, as HotWax has them."""
    assert sorted(rules.run(example())) == [
        "product-id,facility-id,allow-brokering\n10001,BROADWAY,N\n",
        "product-id,facility-id,facility-safety-stock\n10001,BROADWAY,3\n10002,BROADWAY,1\n",
        "product-id,facility-id,facility-safety-stock\n10001,WEB_CONFIG,2\n",
    ]
    assert values_of(connection) == {
        ("10001", "BROADWAY"): (3, False, True, None), ("10002", "BROADWAY"): (1, True, True, None),
        ("10001", "WEB_CONFIG"): (2, True, True, None),
    }  # fmt: skip
    connection.execute(b"DELETE FROM product_tag")
    connection.execute(b"DELETE FROM product_feature_appl")
    rules.run(example())
    assert values_of(connection) == {
        ("10001", "BROADWAY"): (1, True, True, None), ("10002", "BROADWAY"): (1, True, True, None),
        ("10001", "WEB_CONFIG"): (2, True, True, None), ("10002", "WEB_CONFIG"): (2, True, True, None),
    }  # fmt: skip


def test_the_commands_look_and_change_nothing(
    places: World, connection: Connection, dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, table = tmp_path / "rules.yaml", tmp_path / "changes.csv"
    file.write_text(example())
    assert command.main(["check", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: 3 groups, 5 rules, no mistake\n"
    assert command.main(["preview", dsn, "--rules", str(file), "--output", str(table)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "warning: group THRESHOLDS, rule clearance, when, tags: no product has 'last-chance' at present",
        "warning: group THRESHOLDS, rule clearance, when, tags: no product has 'new' at present",
        "         1  RG_THRESHOLD: group THRESHOLDS, rule base",
        "         1  RG_SAFETY_STOCK: group SAFETY_STOCK, rule stores",
        "         1  RG_SAFETY_STOCK: group SAFETY_STOCK, rule small-blue",
        "         1  RG_SHIPPING_FACILITY: group NO_SHIPPING, rule bulky",
        "4 values would change",
        f"4 changes written to {table}",
    ]
    assert table.read_text("utf-8-sig") == (
        "product-id,facility-id,field,from,to,rule-group,rule\n"
        "10001,BROADWAY,minimum_stock,0,3,SAFETY_STOCK,small-blue\n"
        "10002,BROADWAY,minimum_stock,0,1,SAFETY_STOCK,stores\n"
        "10001,BROADWAY,allow_brokering,Y,N,NO_SHIPPING,bulky\n"
        "10001,WEB_CONFIG,minimum_stock,0,2,THRESHOLDS,base\n"
    )
    assert command.main(["preview", dsn, "--rules", str(file), "--rule-group", "NO_SHIPPING"]) == 0
    assert capsys.readouterr().out.endswith("\n1 values would change\n")
    assert (importer.read(connection), evaluation.outstanding(connection), values_of(connection)) == ((), [], {})
    file.write_text("rule_groups: 5")
    assert command.main(["check", str(file)]) == 1
    assert "rule_groups is 5; expected a list" in capsys.readouterr().err


def test_what_somebody_uploads_holds_until_the_next_run_and_is_the_base(
    places: World, rules: Rules, connection: Connection
) -> None:
    header = "product-id,facility-id,minimum-stock\n"
    tag(connection, "10001", "fragile")
    rules.run(SAFETY)
    # The times of files are in seconds, and the rules' file has the second rounded up.
    rules.feed(header + "10001,BROADWAY,9\n10002,BROADWAY,8\n", "by hand.csv", datetime.now(UTC) + timedelta(seconds=1))
    assert values_of(connection)["10001", "BROADWAY"][0] == 9
    time.sleep(1)
    rules.run(SAFETY)
    assert {key: value[0] for key, value in values_of(connection).items()} == {
        ("10001", "BROADWAY"): 4, ("10001", "MAIN_WH"): 4, ("10002", "BROADWAY"): 1, ("10002", "MAIN_WH"): 1,
    }  # fmt: skip
    rules.run("rule_groups: []")
    assert {key: value[0] for key, value in values_of(connection).items()} == {
        ("10001", "BROADWAY"): 9, ("10001", "MAIN_WH"): 0, ("10002", "BROADWAY"): 8, ("10002", "MAIN_WH"): 0,
    }  # fmt: skip


def test_a_late_file_sets_the_base_unless_somebody_has_said_something_newer(
    places: World, rules: Rules, connection: Connection
) -> None:
    header = "product-id,facility-id,minimum-stock\n"
    rules.run(SAFETY)
    rules.feed(header + "10001,BROADWAY,7\n", "2026-11-18-0100.csv")
    rules.feed(header + "10001,BROADWAY,6\n10002,BROADWAY,5\n", "2026-11-17-0100.csv")
    assert values_of(connection)["10001", "BROADWAY"][0] == 1, "the rules have spoken since"
    rules.run("rule_groups: []")
    assert [values_of(connection)[product, "BROADWAY"][0] for product in ("10001", "10002")] == [7, 5]


at_0 = itemgetter(0)
uploads = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(1, 3)), min_size=1, max_size=4, unique_by=at_0)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uploads=uploads, runs=st.sets(st.integers(0, 3)))
def test_the_base_is_the_newest_upload_whatever_came_when_and_whenever_rules_ran(
    places: World, rules: Rules, connection: Connection, uploads: list[tuple[int, int | None]], runs: set[int]
) -> None:
    """An upload speaks of its minute, and a cell may be empty; between two uploads the rules may run."""
    product = f"P{connection.execute(b'SELECT count(*) FROM product').fetchall()[0][0]}"
    places.product(product)
    for arrival, (minute, value) in enumerate(uploads):
        row = f"{product},BROADWAY,{'' if value is None else value},Y"
        rules.feed(
            f"product-id,facility-id,minimum-stock,allow-pickup\n{row}\n", f"2026-11-18-01-0{minute}-{product}.csv"
        )
        if arrival in runs:
            rules.run(SAFETY)
    said = [value for _, value in sorted(uploads, key=at_0) if value is not None]
    rules.run(SAFETY)
    assert values_of(connection)[product, "BROADWAY"][0] == 1
    rules.run("rule_groups: []")
    assert values_of(connection)[product, "BROADWAY"][0] == (said[-1] if said else 0)


@pytest.mark.parametrize("arrival", ["STABLE", "RENAMED", "DONE_FILE"])
def test_wherever_a_run_stops_the_next_one_goes_on(
    places: World, rules: Rules, connection: Connection, sftp_server: SftpServer, arrival: str
) -> None:
    rules.feed.configure(arrival=arrival)
    (name,) = rules.find(SAFETY)
    assert rules.find(SAFETY) == [], "noted, so it is on its way"
    home = rules.feed.sftp.getcwd()
    rules.feed.write("product-id,facility-id,fac", f"{name}.part")
    rules.feed.sftp.close()
    with pytest.raises(remote.TROUBLE):
        rules.write()
    with open_sftp(sftp_server) as second:
        second.chdir(home)
        rules.feed.sftp = second
        (path,) = rules.write()
        assert rules.content(path).splitlines()[1:] == [
            f"{product},{facility},1" for product in ("10001", "10002") for facility in ("BROADWAY", "MAIN_WH")
        ]
        assert path == f"hotwax/available-to-promise/{name}"
        if arrival == "DONE_FILE":
            second.remove(f"{path}.done")
        assert rules.write() == [], "it lies there already"
        second.remove(path)
        assert rules.write() == [path], "whoever took it away, it is still to be read"
        assert [outcome.status_id for outcome in rules.feed.process()] == ["FINISHED"]
        assert rules.write() == []
        assert evaluation.outstanding(connection) == []
        assert {value[0] for value in values_of(connection).values()} == {1}


def test_a_file_that_was_cancelled_is_found_and_written_again(
    places: World, rules: Rules, connection: Connection
) -> None:
    (name,) = rules.find(SAFETY)
    rules.write()
    rules.feed.configure(error_policy="ALL_OR_NOTHING")
    connection.execute(b"UPDATE rule_change SET product_id = 'GONE' WHERE product_id = '10001'")
    rules.feed.sftp.remove(f"{rules.feed.folder}/{name}")
    rules.write()
    assert [outcome.status_id for outcome in rules.feed.process()] == ["FAILED"]
    assert rules.write() == [], "what was taken is not written again under the same name"
    (again,) = rules.find(SAFETY)
    assert again != name
    rules.write()
    assert [outcome.status_id for outcome in rules.feed.process()] == ["FINISHED"]
    assert {value[0] for value in values_of(connection).values()} == {1}
    assert rules.find(SAFETY) == []


def test_a_feed_that_would_leave_the_files_alone_is_named(places: World, rules: Rules) -> None:
    rules.feed.configure(file_name_pattern="*.txt")
    rules.find(SAFETY)
    with pytest.raises(rule_files.NameNotOfFeed, match=r"file_name_pattern '\*\.txt' does not match PRODUCT_FACILITY_"):
        rules.write()


def test_names_that_csv_must_quote_and_feeds_in_other_encodings(
    places: World, rules: Rules, connection: Connection
) -> None:
    places.product('Größe, "10"')
    rules.feed.configure(encoding="WINDOWS-1252", delimiter=";", time_zone="America/New_York")
    rules.run(SAFETY)
    assert values_of(connection)['Größe, "10"', "MAIN_WH"][0] == 1
    (moment,) = connection.execute(b"SELECT now() - as_of < interval '10 minutes' FROM data_manager_log").fetchall()
    assert moment == (True,), "the name is in UTC, whatever the feed's time zone"
