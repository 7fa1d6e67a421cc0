"""Delivers the outbox: each batch is sent at most once, and what became of it is written down.

The rules, and why, are in the design's §6. In short: the intention is committed before the call; `stale` means surely
not applied, so the same deltas go again under a new key with fresh quantities; silence means unknown, and is left to
`observation.settle`.

Several batches are on their way at a time, as an answer takes longer than the points of a call need to flow in. Threads
make the calls and nothing else: what is sent, and what became of it, is written down by one thread over one connection,
batch by batch. No level is in two batches at a time, so it does not matter in which order the answers come.
"""

import logging
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from include.channel.delivery import bundles, outbox, preflight, stale
from include.channel.delivery.outbox import Overtaken, Sender
from include.channel.delivery.preflight import NotReady
from include.db.connection import Connection
from include.shopify import inventory
from include.shopify.client import LONGEST_PAUSE, MOST_THROTTLED, Client, document
from include.shopify.errors import NotSent, OutcomeUnknown, RequestRefused, Throttled
from include.shopify.inventory import AdjustOutcome

logger = logging.getLogger(__name__)

MOST_SILENCES = 3
"""Unknown outcomes in a row after which the others wait: Shopify is in trouble, and silence costs a settlement each."""

MOST_UNNAMED = 20
"""Rows put into quarantine by halving, without being named, after which a run stops."""

MOST_STALE_ROUNDS = 5
"""Times that deltas are sent again after a stale answer before their rows are left for the next plan."""


@dataclass(slots=True)
class Delivery:
    """What became of the batches of one run, and how many rows were confirmed or put into quarantine."""

    confirmed: int = 0
    confirmed_rows: int = 0
    stale: int = 0
    refused: int = 0
    unknown: int = 0
    quarantined_rows: int = 0
    unnamed_rows: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch to send, and how often its deltas were found stale in this run."""

    outbox_batch_id: int
    stale_rounds: int = 0


@dataclass(slots=True)
class Run:
    """One run over the batches of a shop.

    Attributes:
        waiting: Batches to send, the next one first.
        under_way: Batches that were sent, by the call that will tell what became of them.
        room: How many may be on their way. Each answer makes room for one more. Silence and THROTTLED leave one, so
            that trouble is met with one batch at a time.
        silences: Unknown outcomes in a row.
        throttled: Answers of THROTTLED in a row.
        pause: Seconds to wait before the next batch is sent, because Shopify asked for it.
        trouble: Why nothing more can be sent.
    """

    connection: Connection
    sender: Sender
    client: Client
    delivery: Delivery
    waiting: deque[Batch] = field(default_factory=deque)
    under_way: dict[Future[AdjustOutcome], Batch] = field(default_factory=dict)
    room: int = 1
    silences: int = 0
    throttled: int = 0
    pause: float = 0.0
    trouble: Exception | None = None

    @property
    def may_send(self) -> bool:
        """Whether the next batch may be sent now."""
        is_well = self.trouble is None and self.silences < MOST_SILENCES
        room = 1 if self.pause else self.room  # a long wait begins when all answers are written down
        return is_well and bool(self.waiting) and len(self.under_way) < room

    def put_first(self, batches: Iterable[Batch]) -> None:
        """Have batches sent before the others that wait."""
        self.waiting.extendleft(reversed(list(batches)))


def deliver(connection: Connection, shop_id: str, client: Client) -> Delivery:
    """Send all planned batches of a shop, oldest first, several at a time.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.

    Returns:
        The count of outcomes. Batches whose outcome is unknown wait for `observation.settle`.

    Raises:
        Fenced: Another sender has taken the shop over.
        NotReady: The app or the shop is not set up for writing; nothing was sent, or nothing more.
        NotSent, RequestRefused, Throttled: Nothing more can be sent for now. What was not sent stays planned, and what
            became of the rest is written down.
    """
    sender = outbox.take_over(connection, shop_id)
    delivery = Delivery()
    if not preflight.is_needed(connection, shop_id):
        return delivery
    places = preflight.check(connection, shop_id, client)
    run = Run(connection, sender, client, delivery)
    planned = outbox.planned(connection, shop_id)
    for part in preflight.check_batches(connection, shop_id, client, places, planned):
        delivery.quarantined_rows += part.quarantined
        run.waiting.extend(map(Batch, part.batches))
        _send_all(run)
        if run.waiting:
            logger.warning("%s unknown outcomes in a row: the other batches wait for the next run", run.silences)
            break
    if delivery.quarantined_rows:
        bundles.recognise(connection, shop_id)
    return delivery


def _send_all(run: Run) -> None:
    """Send what waits, and write down what becomes of it, until nothing is under way."""
    with ThreadPoolExecutor(run.client.most_under_way, f"shop {run.sender.shop_id}") as threads:
        while run.may_send or run.under_way:
            if run.may_send:
                _send_next(run, threads)
            _write_down(run)
    if run.trouble is not None:
        raise run.trouble


def _send_next(run: Run, threads: ThreadPoolExecutor) -> None:
    """Send a batch, once there are points for it.

    All waiting is done while the batch is still PLANNED, and the right to send is checked after it: a sender that has
    slept through being replaced must not wake up and send. If it sleeps between the check and the sending, another one
    may have found out meanwhile that nothing was applied; so a request that has not left soon does not leave at all.
    """
    if run.pause:
        run.client.limiter.pause(run.pause)
        run.pause = 0.0
    run.client.limiter.take(document("InventoryAdjust").cost)
    batch = run.waiting.popleft()
    request = run.client.leaving_soon(document("InventoryAdjust"))
    try:
        variables = outbox.mark_sending(run.connection, run.sender, batch.outbox_batch_id)
    except Overtaken as why:
        run.client.limiter.give_back(request.cost)
        run.put_first(_without_overtaken(run.connection, run.sender.shop_id, batch, why))
        return
    run.under_way[threads.submit(inventory.adjust, run.client, variables, request)] = batch


def _without_overtaken(connection: Connection, shop_id: str, batch: Batch, why: Overtaken) -> list[Batch]:
    """End a batch of which rows would raise a level too far by now; the others travel on, those are planned anew."""
    number = batch.outbox_batch_id
    logger.info("batch %s: not sent: %s", number, why)
    replacements = outbox.replace_refused(connection, shop_id, number, str(why), {}, found_as="PLANNED")
    return [Batch(each, batch.stale_rounds) for each in replacements]


def _write_down(run: Run) -> None:
    """Write down what became of the batches that were answered; wait for one if nothing can be sent before."""
    answered, _ = wait(run.under_way, 0 if run.may_send else None, FIRST_COMPLETED)
    for call in answered:
        batch = run.under_way.pop(call)
        try:
            outcome = _outcome(run, batch, call)
            if outcome is not None:
                run.put_first(_settle(run, batch, outcome))
            if another := preflight.another_version(run.client):
                raise NotReady(f"shop {run.sender.shop_id}: nothing more was written. {another}")
        except Exception as trouble:
            # Whatever it is, what became of the others is still to be written down.
            run.trouble = run.trouble or trouble


def _outcome(run: Run, batch: Batch, call: Future[AdjustOutcome]) -> AdjustOutcome | None:
    """What an answer says of a batch; None if it was not carried out, or nobody can say."""
    number = batch.outbox_batch_id
    try:
        outcome = call.result()
    except OutcomeUnknown as silence:
        outbox.set_unknown(run.connection, number, str(silence))
        run.room, run.silences = 1, run.silences + 1
        run.delivery.unknown += 1
        logger.warning("batch %s: outcome unknown, will be settled by observing: %s", number, silence)
        return None
    except (NotSent, RequestRefused) as refusal:
        outbox.put_back(run.connection, number, str(refusal))
        raise
    except Throttled as refusal:
        outbox.put_back(run.connection, number, str(refusal))
        run.room, run.throttled = 1, run.throttled + 1
        if run.throttled == MOST_THROTTLED or refusal.seconds > LONGEST_PAUSE:
            raise
        run.pause = max(run.pause, refusal.seconds)
        run.put_first([batch])
        return None
    run.room = min(run.room + 1, run.client.most_under_way)
    run.silences = run.throttled = 0
    return outbox.about_known_rows(run.connection, number, outcome)


def _settle(run: Run, batch: Batch, outcome: AdjustOutcome) -> list[Batch]:
    """Write down an outcome that is known; returns the batches that take the batch's place."""
    connection, shop_id, number, delivery = run.connection, run.sender.shop_id, batch.outbox_batch_id, run.delivery
    match outcome:
        case inventory.Adjusted():
            delivery.confirmed += 1
            delivery.confirmed_rows += outbox.confirm(connection, number)
        case inventory.Stale():
            delivery.stale += 1
            replacements = _replace_stale(connection, shop_id, run.client, batch)
            return [Batch(each, batch.stale_rounds + 1) for each in replacements]
        case inventory.RowsRefused(reasons):
            delivery.refused += 1
            delivery.quarantined_rows += len(reasons)
            logger.error("batch %s: rows put into quarantine: %s", number, dict(reasons))
            message = "some rows are wrong in themselves"
            replacements = outbox.replace_refused(connection, shop_id, number, message, reasons)
            return [Batch(each, batch.stale_rounds) for each in replacements]
        case inventory.SomeRowRefused(reason):
            replacements = _bisect(connection, shop_id, number, reason, delivery)
            return [Batch(each, batch.stale_rounds) for each in replacements]
        case inventory.BatchRefused(reason):
            outbox.refuse(connection, number, reason)
            raise RequestRefused(f"batch {number}: {reason}; nothing of it was applied, its rows are planned anew")
    return []


def _bisect(connection: Connection, shop_id: str, batch: int, reason: str, delivery: Delivery) -> list[int]:
    """A bad row that nobody names is found by halving; if nearly all are bad, it is not the rows."""
    if delivery.unnamed_rows >= MOST_UNNAMED:
        outbox.refuse(connection, batch, reason)
        raise RequestRefused(
            f"batch {batch}: {reason}. {delivery.unnamed_rows} rows were put into quarantine for this in one run, each"
            " refused on its own: it is not the rows. See what Shopify says, then set their quarantine_reason to NULL"
        )
    delivery.refused += 1
    halves = outbox.bisect_refused(connection, shop_id, batch, reason)
    if not halves:
        delivery.quarantined_rows += 1
        delivery.unnamed_rows += 1
        logger.error("batch %s: its only row was put into quarantine: %s", batch, reason)
    return halves


def _replace_stale(connection: Connection, shop_id: str, client: Client, batch: Batch) -> list[int]:
    number, rounds = batch.outbox_batch_id, batch.stale_rounds
    if rounds >= MOST_STALE_ROUNDS:
        outbox.refuse(connection, number, f"its levels moved {rounds} times while it was sent")
        logger.info("batch %s: its levels keep moving; they are planned anew in the next run", number)
        return []
    return stale.replace(connection, shop_id, client, number)
