"""Dates and times as NetSuite accounts write them, each in the format that its account is set to."""

from datetime import UTC, datetime, tzinfo
from itertools import product

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d-%b-%Y", "%d-%B-%Y", "%d %B, %Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y")
_TIMES = ("", " %I:%M %p", " %I:%M:%S %p", " %H:%M", " %H:%M:%S")


def moment(written: str, zone: tzinfo, *, day_first: bool) -> datetime | None:
    """Read a date with or without a time.

    Args:
        written: Such as `7/14/2025 10:32 am`, `14.7.2025 22:05` or `2025-07-14T10:32:00Z`.
        zone: Where it is meant if it does not say so itself.
        day_first: Whether `7/8/2025` is the seventh of August.

    Returns:
        The moment in UTC, or None if it is none.
    """
    text = " ".join(written.split())
    try:
        return _in_utc(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    for date, time in product((*_DATES, *(_DAY_FIRST if day_first else _MONTH_FIRST)), _TIMES):
        try:
            return _in_utc(datetime.strptime(text, date + time), zone)  # noqa: DTZ007  # the zone is given apart
        except ValueError:
            continue
    return None


def _in_utc(found: datetime, zone: tzinfo) -> datetime | None:
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
