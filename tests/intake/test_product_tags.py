"""Tags and features by file, over real SFTP: each row is the whole word on its product."""

from itertools import permutations

import paramiko
import pytest

from include.db.connection import Connection
from include.intake.data_manager import Counts
from tests.intake.drop import Drop, stores
from tests.world import World


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "IMP_PRODUCT_TAG")


def tags(connection: Connection) -> set[tuple[str, str]]:
    return set(connection.execute(b"SELECT product_id, tag FROM product_tag").fetchall())


def features(connection: Connection) -> set[tuple[str, str]]:
    return {
        (product_id, trait.removeprefix("features:"))
        for product_id, trait in connection.execute(b"SELECT product_id, trait FROM product_trait")
        if trait.startswith("features:")
    }


@pytest.mark.parametrize(
    "content",
    [
        'product-sku,tags,features\nSKU-10001,"clearance, Last Chance",COLOR/Blue | SIZE/S\nSKU-10002,,\n',
        "product-id;tags;features\n10001;Last Chance,clearance,,clearance;SIZE/S|COLOR / Blue|\n10002;;\n",
        "id-type,id-value,Tags,Features\nnetsuite product id,521,'x',\nsku,SKU-10002,,\n".replace(
            "'x',", '"clearance,Last Chance",SIZE/S|COLOR/Blue'
        ),
    ],
)
def test_each_spelling(drop: Drop, connection: Connection, content: str) -> None:
    drop.configure(delimiter=";" if ";" in content else ",")
    outcome = drop(content)
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert outcome.counts == Counts(total=2, changed=1, unchanged=1, superseded=0, failed=0)
    assert tags(connection) == {("10001", "clearance"), ("10001", "Last Chance")}
    assert features(connection) == {("10001", "COLOR/Blue"), ("10001", "SIZE/S")}


def test_what_a_row_does_not_name_is_taken_away_and_what_the_file_does_not_mention_stays(
    drop: Drop, connection: Connection
) -> None:
    drop('product-sku,tags,features\nSKU-10001,"a,b",SIZE/S\nSKU-10002,c,SIZE/M\n', "2026-11-20-0100.csv")
    outcome = drop("product-sku,tags\nSKU-10001,b\n", "2026-11-20-0200.csv")
    assert outcome.counts == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    assert tags(connection) == {("10001", "b"), ("10002", "c")}
    assert features(connection) == {("10001", "SIZE/S"), ("10002", "SIZE/M")}, "the file has no column of them"
    drop("product-sku,tags,features\nSKU-10001,,\n", "2026-11-20-0300.csv")
    assert (tags(connection), features(connection)) == ({("10002", "c")}, {("10002", "SIZE/M")})
    drop("product-sku,features\nSKU-10001,SIZE/S\n", "2026-11-20-0400.csv")
    assert features(connection) == {("10001", "SIZE/S"), ("10002", "SIZE/M")}, "taken away and given back"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_file_counts_whatever_order_they_come_in(
    drop: Drop, connection: Connection, order: tuple[int, ...]
) -> None:
    for hour in order:
        drop(f"product-sku,tags\nSKU-10001,old\nSKU-10001,{['a', 'b', ''][hour]}\n", f"2026-11-20-0{hour}00.csv")
    assert tags(connection) == set()


def test_rows_are_counted_by_what_becomes_of_them(drop: Drop) -> None:
    drop("product-sku,tags\nSKU-10001,a\n", "2026-11-20-0300.csv")
    late = drop("product-sku,tags,features\nSKU-10001,b,\nSKU-10002,c,\nSKU-10002,d,\n", "2026-11-20-0200.csv")
    assert late.counts == Counts(total=3, changed=1, unchanged=1, superseded=1, failed=0), (
        "of the first row the tags are out of date, the second is said again, the third changes something"
    )


def test_bad_rows_say_why(drop: Drop, connection: Connection) -> None:
    outcome = drop("product-sku,tags,features\nSKU-1,a,\n,a,\nSKU-10001,a,Blue\nSKU-10001,a,SIZE/S|/M\nSKU-10002,a,\n")
    assert outcome.counts == Counts(total=5, changed=1, unchanged=0, superseded=0, failed=4)
    expected = "expected a type and what it is, such as COLOR/Blue, several with | between them"
    assert drop.reasons() == {
        2: "product-sku 'SKU-1': no product has this SKU; correct it or set the product up",
        3: "product-sku is empty; expected an identifier of the product",
        4: f"features 'Blue': 'Blue' is no feature; {expected}",
        5: f"features 'SIZE/S|/M': '/M' is no feature; {expected}",
    }
    assert tags(connection) == {("10002", "a")}
