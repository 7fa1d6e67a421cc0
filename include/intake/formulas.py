"""Fields that a spreadsheet would run as a formula, in files that people open in one.

An apostrophe in front makes text of them, and comes off again when the file is dropped. A field of apostrophes in front
of a formula gets one more, so that taking off one always gives back what was there; no other field is touched.
"""

import re
from collections.abc import Collection

from psycopg import sql

from include.db.connection import Connection

# OWASP, "CSV Injection": = + - @, tab, CR, LF and the full-width forms. Blanks in front do not stop every spreadsheet.
_FORMULA = "'* *[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20]"

_IS_FORMULA = re.compile(_FORMULA)
_IS_DISARMED = re.compile(f"'{_FORMULA}")
_IS_NUMBER = re.compile(r"[-+](?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def disarm(field: str) -> str:
    """Put an apostrophe in front of a field that a spreadsheet would run. Plain numbers such as -5 stay as they are."""
    return f"'{field}" if _IS_FORMULA.match(field) and not _IS_NUMBER.fullmatch(field) else field


def armed(field: str) -> str:
    """Take off the apostrophe that `disarm` has put in front, if there is one: `armed(disarm(field)) == field`."""
    return field[1:] if _IS_DISARMED.match(field) else field


def arm_staged(connection: Connection, columns: Collection[str]) -> int:
    """Do `armed` to the rows in `staged`, where they come from a reject file.

    Args:
        connection: Inside the file's transaction, the rows copied and not yet looked at.
        columns: The staging columns that the file has.

    Returns:
        How many rows had such an apostrophe.
    """
    pattern = sql.Literal(f"^'(?={_FORMULA})")
    changes = [
        sql.SQL("{0} = regexp_replace({0}, {1}, '')").format(sql.Identifier(column), pattern) for column in columns
    ]
    wanted = [sql.SQL("{} ~ {}").format(sql.Identifier(column), pattern) for column in columns]
    command = sql.SQL("UPDATE staged SET {} WHERE {}").format(sql.SQL(", ").join(changes), sql.SQL(" OR ").join(wanted))
    return connection.execute(command).rowcount
