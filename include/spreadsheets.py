"""CSV that people open in a spreadsheet, which must not run what strangers have written into it.

All CSV that people take away is written here. A field that a spreadsheet would run as a formula gets an apostrophe in
front, which makes text of it and comes off again when the file is dropped. A field of apostrophes in front of a formula
gets one more, so that taking off one always gives back what was there; no other field is touched.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

# OWASP, "CSV Injection": = + - @, tab, CR, LF and the full-width forms. Blanks in front do not stop every spreadsheet.
DISARMED = "'* *[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20]"
"""The beginning of what gets an apostrophe, as a pattern for Python and Postgres."""

_IS_FORMULA = re.compile(DISARMED)
_IS_DISARMED = re.compile(f"'{DISARMED}")
_IS_NUMBER = re.compile(r"[-+](?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def disarm(field: str) -> str:
    """Put an apostrophe in front of a field that a spreadsheet would run. Plain numbers such as -5 stay as they are."""
    return f"'{field}" if _IS_FORMULA.match(field) and not _IS_NUMBER.fullmatch(field) else field


def armed(field: str) -> str:
    """Take off the apostrophe that `disarm` has put in front, if there is one: `armed(disarm(field)) == field`."""
    return field[1:] if _IS_DISARMED.match(field) else field


def record(fields: Sequence[str], delimiter: str = ",") -> str:
    """One line of CSV with its line feed, each field disarmed.

    Python's writer quotes a bare CR or LF in a field only where it is part of its own line end; unquoted, a CR begins a
    new row in a spreadsheet, and what follows it a cell.
    """
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow([disarm(field) for field in fields])
    return text.getvalue().removesuffix("\r\n") + "\n"


def table(found: "DataFrame") -> bytes:
    """A table as CSV: UTF-8 with its mark, moments in UTC to the second, every text disarmed, names of columns too."""
    texts = found.select_dtypes(include=["object", "str"]).columns
    safe = found.assign(**{name: found[name].map(_disarmed) for name in texts}).rename(columns=_disarmed)
    return safe.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\r\n").encode("utf-8-sig")


def _disarmed(value: object) -> object:
    return disarm(value) if isinstance(value, str) else value
