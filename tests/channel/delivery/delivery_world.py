"""A shop, the senders that write to it and the network between them: what the delivery automaton's machine acts on.

Time passes only when it is told to, for the shop and for our database alike; what becomes of each request is decided
beforehand; and a process dies at any statement, taking its connection along.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from include.channel.delivery import delivery
from include.channel.delivery.outbox import Fenced
from include.channel.order_import import orders
from include.channel.planning import breaker, planner
from include.channel.reconciliation import comparison, observation
from include.db.connection import prepare
from include.sandbox.shopify import Emulator
from include.shopify.access import Access
from include.shopify.client import Client, Document, document
from include.shopify.errors import OutcomeUnknown, Throttled
from include.stock import ledger
from include.stock.atp import online_atp
from tests.world import ONLINE, SHOP, World

PRODUCTS = ("50001", "50002", "50003")
AT_FIRST = 10
SECONDS_TO_ARRIVE = 30.0
ORDER_SEARCH_LAG = 10.0

FATES = (
    "answered", "lost after", "lost before", "late", "throttled", "dies before", "dies after", "overtaken before",
    "overtaken after",
)  # fmt: skip
"""What becomes of a request to adjust.

answered          it arrives, and so does its answer (which may be a refusal)
lost after        it is carried out; its answer is lost
lost before       it never arrives
late              the connection breaks, and it arrives later, up to `SECONDS_TO_ARRIVE` after it was sent
throttled         it is refused for want of points, and sent again
dies before       its sender dies with the batch marked, before it leaves
dies after        it is carried out, and its sender dies before it can write anything down
overtaken before  its sender is held up before it leaves; another one takes the shop over, delivers and settles
overtaken after   its sender is held up with the answer in its hands, while another one does all that and waits as well
"""


class Died(BaseException):
    """The process was killed."""


class Mortal(psycopg.Connection[TupleRow]):
    """A connection whose process dies before one of its next statements."""

    statements_left: int | None = None

    def execute(self, *args: Any, **options: Any) -> psycopg.Cursor[TupleRow]:
        """See the base class."""
        if self.statements_left is not None:
            if self.statements_left <= 0:
                raise Died
            self.statements_left -= 1
        return super().execute(*args, **options)


@dataclass
class OnItsWay:
    """A request that may still arrive, since when, and how many seconds were made to pass besides."""

    variables: str
    since: float = field(default_factory=time.monotonic)
    passed: float = 0.0

    @property
    def age(self) -> float:
        """Seconds for which it has been under way."""
        return time.monotonic() - self.since + self.passed


class Wire(Client):
    """The production client, over a network in which each adjustment meets its fate.

    Attributes:
        fates: Those of the next adjustments; after them all are answered.
        on_their_way: Requests that were sent and have not arrived.
        reads_fail: Whether the next look at levels gets no answer.
        odd: Items that the shop refuses to adjust: True if it says which row it was.
        overtake: What another sender does meanwhile; told whether it waits as well.
    """

    def __init__(self, access: Access, overtake: Callable[[bool], None]) -> None:
        super().__init__(access, seconds_to_answer=20.0)
        self.limiter.sleep = lambda seconds: None
        self.fates: deque[str] = deque()
        self.on_their_way: list[OnItsWay] = []
        self.reads_fail = False
        self.odd: dict[str, bool] = {}
        self.overtake = overtake

    def execute_once(self, request: Document, variables: str) -> dict[str, Any]:
        """See the base class."""
        if request.name == "ItemsAtLocation" and self.reads_fail:
            self.reads_fail = False
            raise OutcomeUnknown("a look that got no answer")
        if request.name != "InventoryAdjust":
            return super().execute_once(request, variables)
        return self._meet(self.fates.popleft() if self.fates else "answered", variables)

    def _meet(self, fate: str, variables: str) -> dict[str, Any]:
        if fate == "throttled":
            raise Throttled("adjust: throttled", 0.0)
        if fate == "overtaken before":
            self.overtake(False)
        if fate == "late":
            self.on_their_way.append(OnItsWay(variables))
        answer = None if fate in ("lost before", "late", "dies before") else self.arrive(variables)
        if fate.startswith("dies"):
            raise Died
        if answer is None or fate == "lost after":
            raise OutcomeUnknown(f"adjust: {fate}")
        if fate == "overtaken after":
            self.overtake(True)
        return answer

    def arrive(self, variables: str) -> dict[str, Any]:
        """A request reaches the shop, which carries it out or refuses it."""
        changes = json.loads(variables)["input"]["changes"]
        wrong = [row for row, change in enumerate(changes) if change["inventoryItemId"] in self.odd]
        if not wrong:
            return super().execute_once(document("InventoryAdjust"), variables)
        is_named = self.odd[changes[wrong[0]]["inventoryItemId"]]
        field = ["input", "changes", str(wrong[0]), "inventoryItemId"] if is_named else None
        error = {"field": field, "message": "An odd item.", "code": "INVALID_INVENTORY_ITEM"}
        return {"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": None, "userErrors": [error]}}

    def let_pass(self, seconds: float) -> None:
        """Requests grow older; what has been under way for so long arrives before the time is over."""
        for request in list(self.on_their_way):
            request.passed += seconds
            if request.age >= SECONDS_TO_ARRIVE:
                self.on_their_way.remove(request)
                self.arrive(request.variables)


@dataclass
class Product:
    """What is true of a product, whoever knows of it.

    Attributes:
        stock: Units in the store.
        sold: Units in orders that were not cancelled.
        edited: Units by which somebody in Shopify has changed its level, that no look has taken over yet.
        is_unsure: Whether it was edited while nobody knew what had become of a batch: no answer explains its level.
        was_odd: Whether the shop has ever refused it.
    """

    stock: int = AT_FIRST
    sold: int = 0
    edited: int = 0
    is_unsure: bool = False
    was_odd: bool = False


@dataclass(frozen=True)
class Level:
    """A level as we know it, with the status of the batch that it is in."""

    target: int
    position: int | None
    quarantine_reason: str | None
    status_id: str | None
    delta: int | None


class Shop:
    """Everything together, for one run of the machine.

    Args:
        dsn: A database without rows.
        emulator: An emulator.
    """

    def __init__(self, dsn: str, emulator: Emulator) -> None:
        self.dsn = dsn
        self.emulator = emulator
        self.products = {product: Product() for product in PRODUCTS}
        self.open_orders: list[tuple[str, str, int]] = []
        self.connection = self._connect()
        self._clock = self._connect()
        self.wire = Wire(Access(emulator.url, emulator.token), self._other_sender)
        self._set_up()

    def close(self) -> None:
        self.connection.close()
        self._clock.close()
        self.wire.__exit__(None, None, None)

    def connect_again(self, dsn: str) -> None:
        """The database was away and is back."""
        self.dsn = dsn
        self.connection, self._clock = self._connect(), self._connect()

    def _connect(self) -> Mortal:
        opened = Mortal.connect(self.dsn, autocommit=True)
        prepare(opened)
        return opened

    def _set_up(self) -> None:
        world = World(self.connection)
        world.shop()
        self.connection.execute(
            b"UPDATE shopify_shop SET seconds_to_arrive = %s, order_search_lag = %s",
            [SECONDS_TO_ARRIVE, ORDER_SEARCH_LAG + 1],
        )
        world.facility("BROADWAY", external_id="43")
        world.facility("_NA_", "VIRTUAL_FACILITY")
        world.channel("ONLINE", ONLINE, ["BROADWAY"], queue="_NA_")
        for product in PRODUCTS:
            world.product(product)
            world.in_shop(product, item(product))
            self._post(product, AT_FIRST)
        self.emulator.clear_faults()
        self.emulator.seed(
            [{"id": ONLINE, "name": "Online"}],
            [{"id": item(product), "sku": f"SKU-{product}"} for product in PRODUCTS],
            [{"inventoryItemId": item(product), "locationId": ONLINE, "available": AT_FIRST} for product in PRODUCTS],
        )
        self.emulator.settings(
            order_search_lag=ORDER_SEARCH_LAG, latency_seconds=0, bucket_size=200_000, restore_rate=100_000
        )
        online_atp.refresh(self.connection)
        self.import_orders()
        self.connection.execute(b"UPDATE inventory_level SET position = target, to_observe = FALSE")

    # What happens at the retailer and in its shop.

    def move(self, product: str, units: int) -> None:
        """Something happens to the store's stock."""
        self._post(product, units)
        self.products[product].stock += units

    def _post(self, product: str, units: int) -> None:
        with self.connection.transaction():
            ledger.open_for_posting(self.connection)
            self.connection.execute(
                b"INSERT INTO movement VALUES (%s, 'BROADWAY', %s, %s, 'VAR_MANUAL', NULL, NULL)",
                [product, units, units],
            )
            ledger.post(self.connection, datetime.now(UTC))

    def sell(self, product: str, units: int) -> None:
        """A customer buys online, if there is so much."""
        if self.shown()[product] < units:
            return
        line = {"inventoryItemId": item(product), "locationId": ONLINE, "quantity": units}
        self.open_orders.append((self.emulator.place_order([line]), product, units))
        self.products[product].sold += units

    def cancel(self) -> None:
        """The oldest order is cancelled and restocked."""
        if self.open_orders:
            order, product, units = self.open_orders.pop(0)
            self.emulator.cancel_order(order)
            self.products[product].sold -= units

    def edit(self, product: str, units: int) -> None:
        """Somebody changes a level in Shopify's admin."""
        self.emulator.edit_level(item(product), ONLINE, self.shown()[product] + units)
        self.products[product].edited += units
        if self.levels()[product].status_id in ("SENDING", "UNKNOWN"):
            self.products[product].is_unsure = True

    def be_odd(self, product: str, *, named: bool) -> None:
        """The shop refuses the product from now on."""
        self.wire.odd[item(product)] = named
        self.products[product].was_odd = True

    def let_pass(self, seconds: float) -> None:
        """Time passes, here and there."""
        self.wire.let_pass(seconds)
        self.emulator.advance(seconds)
        self._clock.execute(
            b"UPDATE outbox_batch SET sent_at = sent_at - make_interval(secs => %s)"
            b" WHERE status_id IN ('SENDING', 'UNKNOWN')",
            [seconds],
        )

    # What Trueup does.

    def plan(self, *, is_cautious: bool = False, with_held: bool = False) -> None:
        """Plan; a cautious shop has every plan that takes something away approved."""
        least_rows, share = (1, 0.0001) if is_cautious else (100, 0.3)
        self.connection.execute(
            b"UPDATE shopify_shop SET approval_least_rows = %s, approval_share = %s", [least_rows, share]
        )
        online_atp.refresh(self.connection)
        planner.make(self.connection, SHOP, with_held=with_held)

    def decide(self, *, approve: bool) -> None:
        """Somebody decides on all plans that wait."""
        for held in breaker.held(self.connection):
            (breaker.approve if approve else breaker.reject)(self.connection, held.outbox_plan_id, "ada")

    def deliver(self, fates: Sequence[str] = (), *, reads_fail: bool = False) -> None:
        """Deliver what is planned, while each request meets its fate."""
        self.wire.fates.extend(fates)
        self.wire.reads_fail = reads_fail
        try:
            with suppress(Fenced, OutcomeUnknown):
                delivery.deliver(self.connection, SHOP, self.wire)
        finally:
            self.wire.fates.clear()
            self.wire.reads_fail = False

    def settle(self, meanwhile: Sequence[Callable[[], None]] = ()) -> None:
        """Settle what is unknown; things happen between its looks."""
        observation.settle(self.connection, SHOP, self.wire, self._sleep(meanwhile))

    def look(self, meanwhile: Sequence[Callable[[], None]] = ()) -> None:
        """Look at every level, as a hard sync does."""
        self.connection.execute(b"UPDATE inventory_level SET to_observe = TRUE")
        begun = observation.begin(self.connection, SHOP, "HARD_SYNC")
        comparison.observe_marked(self.connection, SHOP, self.wire, [ONLINE], begun, self._sleep(meanwhile))

    def _sleep(self, meanwhile: Sequence[Callable[[], None]]) -> Callable[[float], None]:
        waiting = deque(meanwhile)

        def sleep(seconds: float) -> None:
            while waiting:
                waiting.popleft()()
            self.let_pass(seconds + 0.1)

        return sleep

    def import_orders(self) -> None:
        orders.import_orders(self.connection, SHOP, self.wire)

    def release(self) -> None:
        """What kept products in quarantine is put right, and somebody says so."""
        self.wire.odd.clear()
        self.connection.execute(b"UPDATE inventory_level SET quarantine_reason = NULL")

    def until_death(self, statements: int | None, act: Callable[[], None]) -> None:
        """Do something, in a process that dies before its n-th statement, if one is given; another takes its place."""
        self.connection.statements_left = statements
        try:
            act()
        except Died:
            self.connection.close()
            self.connection = self._connect()
        finally:
            self.connection.statements_left = None

    def _other_sender(self, waits: bool) -> None:
        """Another process takes the shop over while the first one is held up."""
        fates, self.wire.fates = self.wire.fates, deque()
        first, self.connection = self.connection, self._connect()
        try:
            self.deliver()
            if waits:
                self.settle()
                self.plan()
                self.deliver()
        finally:
            self.connection.close()
            self.connection, self.wire.fates = first, fates

    # What is to be seen.

    def shown(self) -> dict[str, int]:
        """What Shopify shows."""
        return {product_of(level["inventoryItemId"]): int(level["available"]) for level in self.emulator.levels()}

    def levels(self) -> dict[str, Level]:
        rows = self.connection.execute(
            b"SELECT product_id, target, position, quarantine_reason, batch.status_id, batch_row.delta"
            b" FROM inventory_level AS level LEFT JOIN outbox_batch AS batch USING (outbox_batch_id)"
            b" LEFT JOIN outbox_batch_row AS batch_row USING (outbox_batch_id, inventory_item_id, location_id)"
        )
        return {row[0]: Level(*row[1:]) for row in rows}

    def imported(self) -> Counter[str]:
        """Units that imported orders have taken, less what came back."""
        rows = self.connection.execute(
            b"SELECT inventory_item_id, sum(taken - returned)::integer FROM shopify_order_item GROUP BY 1"
        )
        return Counter({product_of(row[0]): row[1] for row in rows})

    def applied(self) -> Counter[tuple[str, str]]:
        """How often Shopify has applied each row of each batch."""
        changes = [each for each in self.emulator.history() if each["kind"] == "adjust" and each["name"] == "available"]
        return Counter((each["referenceDocumentUri"], each["inventoryItemId"]) for each in changes)


def item(product: str) -> str:
    """The Shopify inventory item of a product."""
    return f"gid://shopify/InventoryItem/{product}"


def product_of(inventory_item_id: str) -> str:
    return inventory_item_id.rpartition("/")[2]
