"""What happens in a run, written down before it begins: the same seed tells the same story.

An event names what it is about by numbers that are looked up when it happens, so a story from which events were taken
out still makes sense.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

PRODUCTS = ("P1", "P2", "P3")
FACILITIES = ("BROADWAY", "MAIN_WH")

MISHAPS = (
    *((end, boundary) for end in ("death", "SIGTERM") for boundary in ("statement", "call", "file")),
    *((error, "statement") for error in ("serialization failure", "full disk", "no memory")),
    *((error, "statement") for error in ("deadlock", "lock timeout", "statement timeout")),
    *(("lost connection", boundary) for boundary in ("statement", "commit", "file")),
    ("crash of Postgres", "statement"),
)
"""What may befall a process, and at what: before or after a statement, a call to Shopify, at an SFTP request, after a
commit."""

TWO_SHOPS = 0.2
"""The share of stories with two shops."""

TELL_ERP = 0.25
"""The share of stories in which the ERP is told of what is found."""

Mishap = tuple[str, str, int]
"""One of `MISHAPS`, and at the how manieth of such boundaries."""

HAPPENINGS = {
    "shop": 12,
    "reset": 3,
    "delta": 5,
    "uploaded_slowly": 1,
    "same_name": 1,
    "send_again": 1,
    "rule": 2,
    "kit": 1,
    "restock": 1,
    "ship": 2,
    "find": 1.5,
    "inbound": 1,
    "receive": 2,
    "trouble": 0.3,
    "edit": 1,
    "tell": 2,
    "jump": 1,
    "wait": 1,
    "break_off": 0.5,
}
"""What may happen besides jobs and faults, and how often in comparison."""

CALL = "call"
ADJUST = "inventoryAdjustQuantities"
RUN = "bulkOperationRunMutation"

FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("drop_before", {}),
    ("drop_before", {"reset": True}),
    ("drop_after", {}),
    ("drop_after", {"reset": True}),
    ("late", {"seconds": 8}),
    ("break_off", {}),
    ("slow", {"seconds": 0.02}),
    ("status", {"status": 503}),
    ("status", {"status": 429, "retry_after": 2}),
    ("status", {"status": 423}),
    ("status", {"status": 401}),
    ("status", {"status": 402}),
    ("status_after", {"status": 502}),
    ("internal_error", {"applied": True}),
    ("internal_error", {"applied": False}),
    ("throttled", {}),
    ("stale", {}),
    ("concurrent", {}),
    ("user_error", {"code": "ADJUST_QUANTITIES_FAILED"}),
    ("malformed", {"applied": True}),
    ("malformed", {"applied": False}),
    ("bulk_failed", {"after_lines": 3}),
    ("results_broken_off", {}),
    ("results_truncated", {}),
    ("results_malformed", {"line": 2}),
    ("bulk_row_error", {"applied": True}),
    ("bulk_row_error", {"applied": False}),
    ("upload_status", {"status": 503}),
)
OF_WRITES = ("late", "stale", "concurrent", "user_error")
"""Kinds that only a write can run into."""
OF_BULK = ("bulk", "results", "upload")
"""Kinds that only an operation of many lines can run into begin with these."""
OF_FILES = ("bulk_row_error", "upload_status")
"""Kinds that only an operation that writes can run into."""


OF_SERVER = ("files", "tell_erp")
"""Jobs that talk to the file server."""

OFFLINE = ("push", "findings", "restocks", "webhooks")
"""Jobs that do not talk to Shopify."""

OBSERVES = ("upload", "recent_changes", "hard_sync")
"""Jobs during which the shop is the busiest: they take for true what they see."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens: what, and its particulars.

    Attributes:
        what: The name of a method of `Retailer`, or `job`.
        about: Its arguments.
        meanwhile: Of a job: what happens at which of its calls to Shopify, or of its statements.
        shop: In which of the shops, where it is not all the same.
    """

    what: str
    about: tuple[object, ...] = ()
    meanwhile: tuple[tuple[str, int, Event], ...] = ()
    shop: int = 0

    def __str__(self) -> str:
        told = f"{self.what}({', '.join(map(repr, self.about))}){' of the other shop' if self.shop else ''}"
        return told + "".join(f"\n        at {kind} {number}: {event}" for kind, number, event in self.meanwhile)


@dataclass(frozen=True, slots=True)
class Story:
    """A run: how Shopify treats keys and how far its order search lags, and what happens.

    Attributes:
        seed: Where it comes from.
        replay: How the emulator treats a key that comes again.
        order_search_lag: Seconds.
        events: What happens.
        batch_rows: The most rows of a batch: a plan of a few rows has several batches, or one.
        transport: How plans travel: `DIRECT` or `BULK`.
        token_seconds: How long an access token lasts; 0: the app has one that lasts for ever.
        shops: How many shops the retailer has.
        other_clock: Seconds by which the clock of the second one is ahead of the first one's.
        tells_erp: Whether the ERP is told of what is found. It takes its time to book that, so no reset knows of it.
    """

    seed: int
    replay: str
    order_search_lag: int
    events: tuple[Event, ...]
    batch_rows: int = 250
    transport: str = "DIRECT"
    token_seconds: int = 0
    shops: int = 1
    other_clock: int = 0
    tells_erp: bool = False

    def __str__(self) -> str:
        other = f", another shop with a clock of {self.other_clock:+} s" if self.shops > 1 else ""
        told = ", the ERP is told of what is found" if self.tells_erp else ""
        head = (
            f"seed {self.seed}: replay {self.replay}, the order search lags by {self.order_search_lag} s, batches of"
            f" {self.batch_rows} rows, {self.transport}, tokens of {self.token_seconds} s{other}{told}"
        )
        return "\n".join([head, *(f"{number:>4}  {event}" for number, event in enumerate(self.events, 1))])


def tell(seed: int) -> Story:
    """The story of a seed."""
    dice = random.Random(seed)
    transport = "BULK" if dice.random() < 0.15 else "DIRECT"
    teller = _Teller(dice, is_bulk=transport == "BULK")
    rounds = dice.choices([1, 2, 3, 4, 5, 6, 7, 12], [1, 2, 3, 3, 3, 3, 2, 1])[0]
    story = Story(
        seed,
        dice.choice(["documented", "observed", "none"]),
        dice.choice([0, 4, 10, 10]),
        tuple(event for _ in range(rounds) for event in teller.round()),
        dice.choice([250, 250, 1, 2, 3]),
        transport,
        dice.choice([0, 0, 0, 1800]),
    )
    for name, share, change in (("shops", TWO_SHOPS, _at_two_shops), ("variances", TELL_ERP, _telling_the_erp)):
        dice = random.Random(f"{name} of {seed}")
        if dice.random() < share:
            story = change(story, dice)
    return story


def _at_two_shops(story: Story, dice: random.Random) -> Story:
    """The same story with a second shop: each job is about one of them, like most of what happens before it."""
    events: list[Event] = []
    shop = 0
    for event in reversed(story.events):
        if event.what == "job" and dice.random() < 0.4:
            shop = dice.randrange(2)
        meanwhile = tuple(
            (kind, number, replace(each, shop=shop if each.what in ("rival", "late_commit") else _nearly(shop, dice)))
            for kind, number, each in event.meanwhile
        )
        at = shop if event.what == "job" else _nearly(shop, dice)
        events.insert(0, replace(event, shop=at, meanwhile=meanwhile))
    return replace(story, events=tuple(events), shops=2, other_clock=dice.choice([0, -4, 6]))


def _telling_the_erp(story: Story, dice: random.Random) -> Story:
    """The same story, in which more is found, nobody counts, and the ERP is told."""
    teller = _Teller(dice)
    events: list[Event] = []
    for event in story.events:
        events.append(replace(event, about=(*event.about[:3], False)) if event.what == "find" else event)
        if event.what == "job" and dice.random() < 0.3:
            events += [teller.finding(), Event("job", ("findings", None, False)), teller.job("tell_erp")]
    return replace(story, events=tuple(events), tells_erp=True)


def _nearly(shop: int, dice: random.Random) -> int:
    return shop if dice.random() < 0.8 else 1 - shop


@dataclass
class _Teller:
    """Tells a story; `favourite` is the product that much of a round is about: mishaps need company."""

    dice: random.Random
    is_bulk: bool = False
    favourite: int = 0

    def round(self) -> list[Event]:
        """Some things happen, then some jobs run."""
        dice = self.dice
        self.favourite = dice.randrange(len(PRODUCTS))
        happened = [self._happening() for _ in range(dice.randint(1, 4))]
        jobs = ["files"] if dice.random() < 0.7 else []
        if any(event.what == "find" for event in happened):
            jobs.append("findings")
        jobs += dice.choice(
            [
                ["push", "upload"],
                ["push", "upload"],
                ["push", "upload", "orders"],
                ["orders", "push", "upload"],
                ["restocks", "push", "upload"],
                ["recent_changes"],
                ["webhooks", "recent_changes"],
                ["hard_sync"],
            ]
        )
        if dice.random() < 0.6:
            happened.append(self._fault(is_export="hard_sync" in jobs))
        return [*happened, *map(self.job, jobs)]

    def finding(self) -> Event:
        """Somebody finds units more or fewer."""
        return Event("find", (*self._about_arrival("find")[:3], False))

    def _happening(self) -> Event:
        dice = self.dice
        what = dice.choices(list(HAPPENINGS), list(HAPPENINGS.values()))[0]
        if what == "shop":
            return self._at_shop()
        return Event(what, self._about_file(what) or self._about_arrival(what) or self._about_world(what))

    def _about_file(self, what: str) -> tuple[object, ...]:
        """The particulars of a file; none if it is no file."""
        dice = self.dice
        product, facility, ago = self._product(), dice.randrange(len(FACILITIES)), dice.choice([1, 5, 21])
        units = dice.choice([-9, -3, -1, 2, 6])
        match what:
            case "reset":
                places = [(p, f) for p in range(3) for f in range(2) if dice.random() < 0.5] or [(product, facility)]
                return tuple((*place, dice.randint(0, 12)) for place in places), ago
            case "delta":
                more = [(dice.randrange(3), dice.randrange(2), dice.choice([-2, 4])) for _ in range(dice.randint(0, 2))]
                return ((product, facility, units), *more), ago
            case "uploaded_slowly":
                return product, facility, units, dice.random() < 0.5
            case "same_name":
                return product, facility, units
            case "rule":
                return product, dice.randrange(3), dice.choice([0, 2, 9]), dice.random() < 0.9
            case "kit":
                return product, dice.randint(1, 3)
            case "restock":
                return product, facility, dice.randint(1, 6), dice.choice([20, 600])
            case "ship":
                return dice.randrange(9), facility, ago
        return ()

    def _about_arrival(self, what: str) -> tuple[object, ...]:
        """The particulars of what comes to a facility, or is found there; none if nothing is."""
        dice = self.dice
        product, facility = self._product(), dice.randrange(len(FACILITIES))
        match what:
            case "find":
                return product, facility, dice.choice([-3, -1, 2, 6]), dice.random() < 0.3
            case "inbound":
                return product, facility, dice.randint(1, 9)
            case "receive":
                return dice.randrange(9), dice.randint(1, 6), dice.randint(0, 1), dice.choice([1, 5, 21])
        return ()

    def _about_world(self, what: str) -> tuple[object, ...]:
        dice = self.dice
        match what:
            case "edit":
                return self._product(), dice.randrange(2), dice.randint(0, 9)
            case "jump":
                return (dice.choice([0, 0, 0, 20, 300, 4000, -20, -240]),)
            case "trouble":
                return (dice.choice([402, 403, 423, None, None]),)
            case "wait":
                return (dice.choice([10, 60, 4000]),)
            case "break_off":
                return (dice.choice([0, 20, 90]),)
        return (dice.randrange(9),)  # send_again, tell: which ones

    def _at_shop(self) -> Event:
        dice = self.dice
        what = dice.choices(["sell", "till", "cancel", "fulfil", "refund"], [8, 4, 3, 2, 2])[0]
        if what in ("sell", "till"):
            product = len(PRODUCTS) if dice.random() < 0.15 else self._product()  # one more than there are: the kit
            return Event(what, (product, dice.randint(1, 3)))
        return Event(what, (dice.randrange(9),))

    def _product(self) -> int:
        return self.favourite if self.dice.random() < 0.6 else self.dice.randrange(len(PRODUCTS))

    def _fault(self, *, is_export: bool) -> Event:
        kinds = [each for each in FAULTS if is_export or self.is_bulk or not each[0].startswith(OF_BULK)]
        kinds = [each for each in kinds if self.is_bulk or each[0] not in OF_FILES]
        if self.is_bulk and self.dice.random() < 0.5:  # few stories are, and only they meet these
            kinds = [each for each in kinds if each[0].startswith(OF_BULK)]
        kind, parameters = self.dice.choice(kinds)
        if kind in ("results_broken_off", "results_truncated"):
            parameters = {"after_bytes": self.dice.randrange(2000)}
        write = RUN if self.is_bulk and kind not in OF_WRITES else ADJUST
        operation = write if kind in OF_WRITES or self.dice.random() < 0.7 else None
        after = 0 if operation else self.dice.randrange(6)
        if kind.startswith(OF_BULK):
            operation, after = None, 0
        return Event("fault", (kind, operation, after, tuple(parameters.items())))

    def _mishap(self, job: str) -> Mishap:
        """What befalls a job, and at which boundary; if it comes that far."""
        dice = self.dice
        boundaries = {
            **dict.fromkeys(OF_SERVER, ("statement", "commit", "file")),
            **dict.fromkeys(OFFLINE, ("statement", "commit")),
        }.get(job, ("statement", "commit", "call"))
        where = dice.choice(boundaries)
        kinds = [kind for kind, boundary in MISHAPS if boundary == where]
        weights = [8 if kind == "death" else 1 if kind.startswith("crash") else 3 for kind in kinds]
        most = {"statement": 120, "commit": 12}.get(where, 20)
        return dice.choices(kinds, weights)[0], where, dice.randint(1, most)

    def job(self, name: str) -> Event:
        """A job, to which something may happen."""
        dice = self.dice
        mishap = self._mishap(name) if dice.random() < 0.35 else None
        twice = dice.random() < 0.08
        meanwhile: list[tuple[str, int, Event]] = []
        if name not in OF_SERVER and dice.random() < (0.8 if name in OBSERVES else 0.3):
            meanwhile += [(CALL, dice.randint(1, 12), self._at_shop()) for _ in range(dice.randint(1, 3))]
        if name == "upload" and dice.random() < 0.2:
            meanwhile.append((CALL, dice.randint(1, 8), Event("rival", (dice.random() < 0.5,))))
        if name == "files" and dice.random() < 0.3:
            meanwhile.append(("statement", dice.randint(1, 60), Event("late_commit")))
        return Event("job", (name, mishap, twice), tuple(meanwhile))
