"""A file's moment may be a little ahead of our clock, and not far."""

from datetime import UTC, datetime, timedelta

import pytest

from include.intake import snapshot_time

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2026-11-20T115959Z.csv", NOW - timedelta(seconds=1)),
        ("2026-11-20T120020Z.csv", NOW + timedelta(seconds=20)),
        ("2026-11-20T120500Z.csv", NOW + timedelta(minutes=5)),
        ("2026-11-20T120501Z.csv", NOW),
        ("stock.csv", NOW + timedelta(seconds=9)),
    ],
)
def test_clocks_that_differ_a_little_do_not_change_the_order_of_moments(name: str, expected: datetime) -> None:
    written = NOW + timedelta(seconds=9)
    found = snapshot_time.of_file(name, written, timedelta(0), UTC, NOW)
    assert found.as_of == expected
    assert ("lies in the future" in found.source) == (name == "2026-11-20T120501Z.csv")
