"""Reject files in a spreadsheet: nothing in them runs, and everything comes back as it was."""

import csv
import io
import json

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import lines, rejects
from tests.intake.drop import Drop, stores
from tests.world import World


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a,b", ["a", "b"]),
        ("", [""]),
        (",", ["", ""]),
        ('a,"b,c', ["a", '"b', "c"]),
        ('"3 fields, expected 4",5,a,"b', ["3 fields, expected 4", "5", "a", '"b']),
        ('"say ""x""",5" tube,"a"b', ['say "x"', '5" tube', '"a"b']),
        ('"two\nlines",c', ["two\nlines", "c"]),
    ],
)
def test_a_malformed_line_is_split_as_well_as_it_goes(line: str, fields: list[str]) -> None:
    assert lines.crooked_fields(line, ",") == fields


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    """The reset feed's folder."""
    stores(world)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


def test_a_reject_file_runs_nothing(drop: Drop) -> None:
    drop(
        "Item,externalFacilityId,availableQty,idValue,=cmd()\n"
        "=HYPERLINK(1),43,-5,521x,+3.5\n'=1,43,'-1,@x,'tis\n=1+1,\"43,x\",6\n"
    )
    _, content = drop.error_file()
    header, *rows = csv.reader(io.StringIO(content, newline=""))
    assert header == ["error", "line", "Item", "externalFacilityId", "availableQty", "idValue", "'=cmd()"]
    assert [row[2:] for row in rows] == [
        ["'=HYPERLINK(1)", "43", "-5", "521x", "+3.5"],
        ["''=1", "43", "''-1", "'@x", "'tis"],
        ["'=1+1", "43,x", "6"],
    ]


def test_a_malformed_row_keeps_its_fields_however_often_it_is_rejected(drop: Drop) -> None:
    drop('Item,externalFacilityId,availableQty,idValue\n=1,"43,x",6\n')
    name, content = drop.error_file()
    drop(content, name)
    assert drop.error_file()[0] != name
    rounds = [next(csv.reader(io.StringIO(text.splitlines()[1]))) for text in (content, drop.error_file()[1])]
    assert [row[2:] for row in rounds] == [["'=1", "43,x", "6"]] * 2


def test_a_reject_file_says_that_it_is_utf_8_where_the_feed_is_not(drop: Drop) -> None:
    drop.configure(encoding="LATIN-1")
    drop("Item,externalFacilityId,availableQty,idValue\ncafé,43,6,x\n".encode())
    with drop.sftp.open(f"{drop.folder}/error/{drop.names('error')[0]}") as file:
        assert file.read().startswith(b"\xef\xbb\xbferror,line,")


def test_rejected_json_comes_back_as_json_whatever_was_wrong_with_it(
    connection: Connection, sftp_client: paramiko.SFTPClient, world: World
) -> None:
    stores(world)
    fulfilments = Drop(connection, sftp_client, "IMP_ITM_RECEIPT")
    bad = [r'{"orderId": "\ud800"}', '{"orderId": 1, "orderId": 2}', '{"orderId": 1e400}', "[1]", '{"n": 1.10}']
    fulfilments("[" + ",".join(bad) + "]", "fulfilment.json")
    name, content = fulfilments.error_file()
    rejected = json.loads(content)
    assert [each["line"] for each in rejected] == [1, 2, 3, 4, 5]
    assert [each.get("asItCame") for each in rejected] == [*bad[:4], None], "what cannot be read is shown as it was"
    assert rejected[4]["n"] == "1.10"
    assert "\\ud800" in content
    fulfilments(content, name)
    again = json.loads(fulfilments.error_file()[1])
    assert [each.get("asItCame") for each in again] == [*bad[:4], None]
    assert {each["error"] for each in again} == {rejected[4]["error"]}, "the reason of this time, not of the last"


@pytest.mark.parametrize("field", ["a\rb", "a\nb", "a\r\nb", 'a"b', "a,b"])
def test_a_line_end_in_a_field_stays_in_it(field: str) -> None:
    written = rejects._csv([["reason", "2", field]], ",").decode()
    assert list(csv.reader(io.StringIO(written, newline=""), strict=True)) == [["reason", "2", field]]
