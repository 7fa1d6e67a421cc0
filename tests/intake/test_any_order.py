"""Whatever order a day's files arrive in, duplicates included, the day ends with the same stock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock import ledger
from tests.intake.drop import Drop
from tests.world import World

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
FACILITIES = {"BROADWAY": "43", "MAIN_WH": "44"}
FEEDS = ("RESET_INVENTORY", "STORE_INV_RESET", "IMP_INV_TRANS", "IMP_ITM_RECEIPT")


@dataclass(frozen=True)
class File:
    """One file of the day: its feed, the minute that it speaks of, and a number for each facility it names."""

    feed: str
    minute: int
    numbers: dict[str, int]

    @property
    def is_snapshot(self) -> bool:
        return self.feed in ("RESET_INVENTORY", "STORE_INV_RESET")

    def name(self, index: int) -> str:
        moment = MIDNIGHT + timedelta(minutes=self.minute)
        return f"{moment:%Y-%m-%d-%H-%M}-{index}.csv"

    def content(self, product: str, index: int) -> str:
        quantity = "availableQty" if self.is_snapshot else "availableDelta"
        rows = [f"{FACILITIES[facility]},{product},{number},file {index}" for facility, number in self.numbers.items()]
        return "\n".join([f"externalFacilityId,idValue,{quantity},comments", *rows, ""])


files = st.builds(
    File,
    feed=st.sampled_from(FEEDS),
    minute=st.integers(0, 5),
    numbers=st.dictionaries(st.sampled_from(sorted(FACILITIES)), st.integers(0, 9), min_size=1),
)


def expected(day: list[File], facility: str) -> int:
    """The newest snapshot, and the deltas of later moments."""
    snapshots = [
        (file.minute, file.name(index), file.numbers[facility])
        for index, file in enumerate(day)
        if file.is_snapshot and facility in file.numbers
    ]
    base_minute, _, base = max(snapshots, default=(-1, "", 0))
    return base + sum(
        file.numbers.get(facility, 0) for file in day if not file.is_snapshot and file.minute > base_minute
    )


@pytest.fixture
def drops(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> dict[str, Drop]:
    for facility, external_id in FACILITIES.items():
        world.facility(facility, external_id=external_id)
    return {feed: Drop(connection, sftp_client, feed) for feed in FEEDS}


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), day=st.lists(files, min_size=1, max_size=6))
def test_any_order(
    drops: dict[str, Drop], world: World, numbers: Iterator[int], day: list[File], data: st.DataObject
) -> None:
    arrivals = data.draw(st.permutations(list(range(len(day))) + data.draw(st.lists(st.integers(0, len(day) - 1)))))
    product = f"P{next(numbers)}"
    world.product(product)
    for index in arrivals:
        file = day[index]
        drop = drops[file.feed]
        # Written when it speaks: a copy that comes later has the same time, as a server that is copied from has it.
        drop(file.content(product, index), file.name(index), MIDNIGHT + timedelta(minutes=file.minute))
    stock = {facility: (units, atp) for (each, facility), (units, atp) in world.stock().items() if each == product}
    for facility in FACILITIES:
        number = expected(day, facility)
        assert stock.get(facility, (0, 0)) == (number, number)
    assert ledger.out_of_balance(drops[FEEDS[0]].connection) == []
