"""Dates and times as NetSuite accounts write them, each in the format that its account is set to."""

import re
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from itertools import product

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d-%b-%Y", "%d-%B-%Y", "%d %B, %Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y")
_EXAMPLE = datetime(2025, 7, 14, 22, 32, 10, tzinfo=UTC)
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
    return _read(written, zone, day_first)


@lru_cache(maxsize=10_000)  # a file names few moments, and reading one costs more than the rest of its row
def _read(written: str, zone: tzinfo, day_first: bool) -> datetime | None:
    text = " ".join(written.split())
    try:
        return _in_utc(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    # Most formats fail by their shape alone, and each failure costs as much as a row should take in all.
    for form in _formats(day_first).get(_shape(text), ()):
        try:
            return _in_utc(datetime.strptime(text, form), zone)  # noqa: DTZ007  # the zone is given apart
        except ValueError:
            continue
    return None


@cache
def _formats(day_first: bool) -> dict[str, tuple[str, ...]]:
    """The formats by the shape of what they read, in the order in which they are tried."""
    found: dict[str, tuple[str, ...]] = {}
    for date, time in product((*_DATES, *(_DAY_FIRST if day_first else _MONTH_FIRST)), _TIMES):
        shape = _shape(_EXAMPLE.strftime(date + time))
        found[shape] = (*found.get(shape, ()), date + time)
    return found


def _shape(text: str) -> str:
    """A text with each number written as 0, with the blank that may stand for its first digit, and each word as a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r" ?\d+", "0", text))


def _in_utc(found: datetime, zone: tzinfo) -> datetime | None:
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
