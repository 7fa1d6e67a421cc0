"""Random histories of what the ERP books, what people find and what the ERP is told, in whatever order files arrive."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.intake import variance_feed
from include.stock import variances
from include.stock.variances import Finding
from tests.intake.drop import stores
from tests.stock.files import apply
from tests.world import World

START = datetime(2026, 11, 20, tzinfo=UTC)
LAG = 2
"""Hours after its upload that a file is in the ERP's books."""

UNITS = st.integers(-4, 6).filter(bool)
LATE = st.integers(0, 6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("erp"), UNITS, LATE),
        st.tuples(st.just("by hand"), UNITS, st.just(0)),
        st.tuples(st.just("by file"), UNITS, LATE),
        st.tuples(st.just("tell"), st.just(0), st.just(0)),
        st.tuples(st.just("reset"), st.just(0), LATE),
    ),
    min_size=4,
    max_size=16,
)


@dataclass
class Retailer:
    """A product at a store. Each step takes an hour; a file comes as many hours late as its step says.

    `booked` is what the ERP has in its books, and since which hour; `found` what people found and Trueup has heard of.
    """

    connection: Connection
    product_id: str
    hour: int = 0
    booked: list[tuple[int, int]] = field(default_factory=list)
    delivered: list[tuple[int, int]] = field(default_factory=list)
    found: int = 0
    newest_reset: int = -1
    late: list[tuple[int, str, int, int]] = field(default_factory=list)

    def step(self, kind: str, units: int, delay: int) -> None:
        self.hour += 1
        match kind:
            case "erp":
                self.booked.append((self.hour, units))
                self.late.append((self.hour + delay, kind, self.hour, units))
            case "by file":
                self.late.append((self.hour + delay, kind, self.hour, units))
            case "reset":
                books = sum(each for since, each in self.booked if since <= self.hour)
                self.late.append((self.hour + delay, kind, self.hour, books))
            case "by hand":
                self.record(units)
            case "tell":
                self.tell()
        self.receive(self.hour)

    def receive(self, until: int) -> None:
        """Let the files come that are to come by an hour, in their order."""
        due = sorted(each for each in self.late if each[0] <= until)
        self.late = [each for each in self.late if each[0] > until]
        for _, kind, hour, units in due:
            as_of = START + timedelta(hours=hour)
            name = f"{self.product_id}-{hour}-{kind}"
            if kind == "reset":
                content = f"externalFacilityId,idValue,availableQty\n43,{self.product_id},{units}\n"
                apply(self.connection, "RESET_INVENTORY", content, as_of, name)
                self.newest_reset = max(self.newest_reset, hour)
            else:
                config_id = {"erp": "IMP_INV_ADJUST", "by file": "MDM_INV_VARIANCE"}[kind]
                content = f"externalFacilityId,productId,availableDelta\n43,{self.product_id},{units}\n"
                apply(self.connection, config_id, content, as_of, name)
                self.delivered.append((hour, units)) if kind == "erp" else self.hear(units)

    def hear(self, units: int) -> None:
        self.found += units

    def record(self, units: int) -> None:
        finding = Finding(self.product_id, "BROADWAY", "VAR_DAMAGED", quantity=Decimal(units))
        key = f"{self.product_id} {self.hour}"
        variances.record(self.connection, key, finding, START + timedelta(hours=self.hour))
        self.hear(units)

    def tell(self) -> None:
        variance_feed.freeze(self.connection, variance_feed.feed(self.connection, "INV_VARIANCE"))
        uploaded = self.connection.execute(
            b"UPDATE variance_file SET uploaded_at = %s WHERE uploaded_at IS NULL RETURNING content",
            [START + timedelta(hours=self.hour)],
        ).fetchall()
        for (content,) in uploaded:
            for line in bytes(content).decode().splitlines()[1:]:
                self.booked.append((self.hour + LAG, int(line.split(",")[3])))

    def expected(self) -> int:
        """What people found, and what the ERP booked itself, as far as a file of it has come."""
        own = [(hour, units) for hour, units in self.delivered if hour > self.newest_reset]
        in_reset = sum(units for hour, units in self.by_erp() if hour <= self.newest_reset)
        return self.found + in_reset + sum(units for _, units in own)

    def by_erp(self) -> list[tuple[int, int]]:
        """What the ERP booked of its own accord: all that came in a file of its, or still will."""
        coming = [(hour, units) for _, kind, hour, units in self.late if kind == "erp"]
        return self.delivered + coming

    def on_hand(self) -> int:
        return World(self.connection).stock().get((self.product_id, "BROADWAY"), (0, 0))[0]


@pytest.fixture
def told(connection: Connection, world: World) -> Connection:
    """Stores whose ERP is told of variances, from the first hour on."""
    stores(world)
    connection.execute(
        b"UPDATE variance_feed SET adjustment_account = '1', subsidiary = '1', export_from = %s,"
        b" reaches_erp_after = %s",
        [START, timedelta(hours=LAG)],
    )
    return connection


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_unit_is_lost_or_counted_twice(told: Connection, world: World, steps: list[tuple[str, int, int]]) -> None:
    row = told.execute(b"SELECT count(*) FROM product").fetchone()
    assert row is not None
    product_id = f"P{row[0]}"
    world.product(product_id)
    retailer = Retailer(told, product_id)
    for step in [("erp", 100, 0), ("reset", 0, 0), *steps]:
        retailer.step(*step)
        assert retailer.on_hand() == retailer.expected(), step
    retailer.receive(99)
    assert retailer.on_hand() == retailer.expected()
    for step in [*[("tell", 0, 0)] * (LAG + 1), ("reset", 0, 0)]:
        retailer.step(*step)
    assert retailer.on_hand() == retailer.expected() == sum(units for _, units in retailer.booked)
