"""CSV in a spreadsheet: nothing in it runs, and everything comes back as it was."""

import csv
import io
import re
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include import spreadsheets
from include.db.connection import Connection
from include.intake import staging
from include.spreadsheets import armed, disarm

FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff201",
    " =1",
    "-",
    "-1e5",
    "+1 2",
    "-5\n",
]

FIELD = st.text(st.sampled_from("'=+-@\t\r\n \uff1d\uff0d.5x"), max_size=5) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=8
)


@pytest.mark.parametrize("field", FORMULAS)
def test_what_a_spreadsheet_would_run_is_disarmed(field: str) -> None:
    assert disarm(field) == "'" + field


@pytest.mark.parametrize("field", ["", "-5", "+3.5", "-.5", "-5.", "5", "A=1", "'", "'tis", "''", "A-1", "051-0221-G"])
def test_what_is_harmless_stays_as_it_is(field: str) -> None:
    assert disarm(field) == field
    assert armed(field) == field


@given(FIELD)
@settings(max_examples=1000)
def test_what_was_disarmed_comes_back_as_it_was(field: str) -> None:
    once, twice = disarm(field), disarm(disarm(field))
    assert armed(once) == field
    assert armed(armed(twice)) == field
    assert not once.startswith(("=", "@", "\t", "\r", "\n"))


def test_staged_rows_come_back_as_they_were(connection: Connection) -> None:
    """In Postgres as in Python: every text of up to three of the characters that matter."""
    fields = ["".join(some) for size in range(4) for some in product("'=-\t\n \uff1d5x", repeat=size)]
    with connection.transaction():
        connection.execute(b'CREATE TEMP TABLE staged (line_number int, a text COLLATE "C", b text, c text)')
        with connection.cursor().copy(b"COPY staged FROM STDIN") as copy:
            for number, field in enumerate(fields):
                copy.write_row((number, disarm(field), None, "'=left alone"))
            copy.write_row((len(fields), "x", disarm("=1"), "'=left alone"))
        changed = staging.arm(connection, ["a", "b"])
        rows = connection.execute(b"SELECT a, b, c FROM staged ORDER BY line_number").fetchall()
        connection.execute(b"DROP TABLE staged")
    assert rows == [(field, None, "'=left alone") for field in fields] + [("x", "=1", "'=left alone")]
    assert changed == sum(disarm(field) != field for field in fields) + 1


def as_a_spreadsheet_reads(text: str, delimiter: str = ",") -> list[list[str]]:
    """Rows and cells, a bare CR outside of quotes being the end of a row, as spreadsheets have it."""
    rows: list[list[str]] = [[""]]
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            if not quoted and position and text[position - 1] == '"' and rows[-1][-1]:
                rows[-1][-1] += '"'
            quoted = not quoted
        elif not quoted and character == delimiter:
            rows[-1].append("")
        elif not quoted and character in "\r\n":
            rows.append([""])
        else:
            rows[-1][-1] += character
    return [row for row in rows if row != [""]]


@given(st.lists(FIELD.filter(bool), min_size=1, max_size=4), st.sampled_from(",;\t|"))
@settings(max_examples=500)
def test_no_cell_of_a_record_runs_wherever_a_spreadsheet_ends_a_row(fields: list[str], delimiter: str) -> None:
    text = spreadsheets.record(["x\r=1+1", *fields], delimiter)
    (row,) = as_a_spreadsheet_reads(text, delimiter)
    assert len(row) == len(fields) + 1
    (read,) = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert [armed(field) for field in read] == ["x\r=1+1", *fields]


def test_a_table_runs_nothing_in_any_column() -> None:
    found = pd.DataFrame(
        {
            "sku": ["=1+1", "x\r=1", None],
            "=name": ["@SUM(A1)", "-5", "fine"],
            "units": pd.array([-5, None, 7], dtype="Int64"),
            "at": [datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)] * 3,
            "anything": [{"=": 1}, 5, "+x"],
        }
    )
    content = spreadsheets.table(found)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["sku", "'=name", "units", "at", "anything"],
        ["'=1+1", "'@SUM(A1)", "-5", "2026-11-21T01:02:03Z", "{'=': 1}"],
        ["x\r=1", "-5", "", "2026-11-21T01:02:03Z", "5"],
        ["", "fine", "7", "2026-11-21T01:02:03Z", "'+x"],
    ]
    assert len(as_a_spreadsheet_reads(content.decode("utf-8-sig"))) == 4
    assert spreadsheets.table(pd.DataFrame({"sku": []}, dtype="str")).decode("utf-8-sig") == "sku\r\n"


FEEDS_ITSELF = {"include/channel/from_shopify/copy_master_rows.sql"}
"""Statements that write CSV for Trueup's own intake, of its own ids and numbers."""


def test_nobody_else_writes_csv() -> None:
    root = Path(__file__).parents[1]
    files = [
        file for kind in ("*.py", "*.sql") for file in (root / "include").rglob(kind) if "sandbox" not in file.parts
    ]
    writers = {
        str(file.relative_to(root))
        for file in files
        if re.search(r"csv\.(Dict)?[wW]riter|\.to_csv\(|\bTO STDOUT\b.*\bcsv\b", file.read_text())
    }
    assert writers == {"include/spreadsheets.py"} | FEEDS_ITSELF
