"""An emulated shop that sells while somebody pushes numbers to it, and loses some answers; always the same ones."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from include.sandbox.shopify import Emulator
from include.shopify.access import Access
from include.shopify.client import Client
from include.shopify.limiter import Limiter

LOCATION = "gid://shopify/Location/70000000001"
SHOWN, WANTED = 10, 11
SALES = 20
LOST_ANSWERS, LOST_REQUESTS = 2, 1
STANDARD_PLAN = {"bucket_size": 2000, "restore_rate": 100, "points": 2000}


def item(number: int) -> str:
    """The id of an item."""
    return f"gid://shopify/InventoryItem/{100_000 + number}"


@dataclass(slots=True)
class Paced(Limiter):
    """A limiter that says when a call is about to leave, and lets the shop's time pass in place of waiting."""

    before_call: Callable[[], None] = lambda: None

    def take(self, points: float) -> None:
        """See `Limiter`."""
        self.before_call()
        Limiter.take(self, points)


@dataclass
class SellingShop:
    """A shop whose levels all show `SHOWN` and are to show `WANTED`.

    Attributes:
        emulator: The shop.
        levels: How many levels it has.
        write: The root field of the calls that may get lost.
        writes: How many writes the push needs, over which sales and losses are spread; 0 for a shop where nothing
            happens meanwhile.
        rate: Seconds of the shop per second of the machine.
    """

    emulator: Emulator
    levels: int
    write: str
    writes: int
    rate: float = 1.0
    sold: Counter[str] = field(default_factory=Counter)
    made_before: int = 0
    progress: float = 0.0
    ahead: float = 0.0

    def open(self) -> None:
        """Seed it, with a full bucket of the Standard plan."""
        ids = [item(number) for number in range(self.levels)]
        self.emulator.clear_faults()
        self.emulator.seed(
            [{"id": LOCATION, "name": "Main"}],
            [{"id": gid, "sku": gid[-6:]} for gid in ids],
            [{"inventoryItemId": gid, "locationId": LOCATION, "available": SHOWN} for gid in ids],
        )
        self.emulator.settings(**STANDARD_PLAN)
        self.made_before = self._made()

    def client(self) -> Client:
        """The way in."""
        limiter = Paced(clock=self.now, sleep=self.wait, before_call=self._before_call)
        return Client(Access(self.emulator.url, self.emulator.token), limiter)

    def now(self) -> float:
        """Seconds by the shop's clock."""
        return time.monotonic() * self.rate + self.ahead

    def wait(self, seconds: float) -> None:
        """Let time pass for the shop."""
        self.ahead += seconds
        self.emulator.advance(seconds)

    def wrong(self) -> int:
        """How many levels do not show what they should: `WANTED` less what was sold."""
        shown = {level["inventoryItemId"]: level["available"] for level in self.emulator.levels()}
        return sum(shown[gid] != WANTED - self.sold[gid] for gid in (item(number) for number in range(self.levels)))

    def _before_call(self) -> None:
        """Sell, or lose the next write, when as much of the push is done."""
        if not self.writes or self.progress >= 1:
            return
        done, made = self.progress, self._made() - self.made_before
        self.progress = (made + 0.5) / self.writes
        due = min(SALES, round(self.progress * SALES))
        while sum(self.sold.values()) < due:
            gid = item(random.Random(f"sale {sum(self.sold.values())}").randrange(self.levels))
            self.sold[gid] += 1
            self.emulator.place_order([{"inventoryItemId": gid, "locationId": LOCATION, "quantity": 1}])
        lost = LOST_ANSWERS + LOST_REQUESTS
        for number in range(lost):
            if done < (number + 1) / (lost + 1) <= self.progress:
                kind = "drop_after" if number < LOST_ANSWERS else "drop_before"
                self.emulator.fault(kind, operation=self.write)

    def _made(self) -> int:
        return int(self.emulator.stats()["calls"].get(self.write, 0))
