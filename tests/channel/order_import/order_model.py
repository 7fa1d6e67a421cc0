"""What orders do to stock, in plain Python: the answer that histories of orders are checked against."""

from collections import Counter
from dataclasses import dataclass, field

from tests.scenarios.store import STORE_LOCATION
from tests.world import ONLINE

STOCK = 20
LOCATIONS = (ONLINE, STORE_LOCATION)


@dataclass
class Line:
    """Units of one product of one order, by location: to be fulfilled, fulfilled, taken off without being put back."""

    product: str
    open: Counter[str] = field(default_factory=Counter)
    fulfilled: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    refunded: int = 0
    was_moved: bool = False
    was_edited: bool = False

    @property
    def place(self) -> str | None:
        """The one location where units wait; None if there are several or none."""
        places = [location for location, units in self.open.items() if units]
        return places[0] if len(places) == 1 else None

    @property
    def kept(self) -> int:
        """Fulfilled units that were not refunded."""
        return self.fulfilled.total() - self.refunded

    @property
    def current(self) -> int:
        return self.open.total() + self.kept


@dataclass
class Order:
    lines: dict[str, Line]
    is_cancelled: bool = False
    is_held: bool = False

    @property
    def is_open(self) -> bool:
        return not self.is_cancelled and any(line.open.total() for line in self.lines.values())


@dataclass
class Shop:
    """Both locations sell the stock of one store; online orders wait in a queue."""

    orders: dict[str, Order] = field(default_factory=dict)
    returned: Counter[tuple[str, str]] = field(default_factory=Counter)

    def units(self, product: str, location: str) -> tuple[int, int, int]:
        """Open, left by fulfilment or for good, and returned."""
        lines = [line for order in self.orders.values() for line in order.lines.values() if line.product == product]
        left = sum(line.fulfilled[location] + line.gone[location] for line in lines)
        return sum(line.open[location] for line in lines), left, self.returned[product, location]

    def shopify(self, product: str, location: str) -> tuple[int, int]:
        """Available and committed."""
        waiting, left, returned = self.units(product, location)
        return STOCK - waiting - left + returned, waiting

    def stock(self, product: str) -> dict[str, tuple[int, int]]:
        """On hand and available to promise of the store and of the queue.

        An online order stays reserved when it is fulfilled, and what comes back online is not placed: no snapshot says
        from where and to where.
        """
        waiting, left, returned = self.units(product, STORE_LOCATION)
        on_hand = STOCK - left + returned
        online_waiting, online_left, _ = self.units(product, ONLINE)
        return {"BROADWAY": (on_hand, on_hand - waiting), "_NA_": (0, -online_waiting - online_left)}

    def targets(self, product: str) -> dict[str, int]:
        stock = self.stock(product)
        promised = max(0, stock["BROADWAY"][1])
        return {STORE_LOCATION: promised, ONLINE: max(0, promised + stock["_NA_"][1])}
