"""What happens in a run, written down before it begins: the same seed tells the same story.

An event names what it is about by numbers that are looked up when it happens, so a story from which events were taken
out still makes sense.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

PRODUCTS = ("P1", "P2", "P3")
FACILITIES = ("BROADWAY", "MAIN_WH")

CALL = "call"
JOBS = ("files", "push", "upload", "orders", "recent_changes", "hard_sync", "restocks")

FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("drop_before", {}),
    ("drop_after", {}),
    ("late", {"seconds": 8}),
    ("status", {"status": 503}),
    ("status", {"status": 429, "retry_after": 2}),
    ("status", {"status": 423}),
    ("status_after", {"status": 502}),
    ("internal_error", {"applied": True}),
    ("internal_error", {"applied": False}),
    ("throttled", {}),
    ("stale", {}),
    ("concurrent", {}),
    ("malformed", {"applied": True}),
    ("malformed", {"applied": False}),
)
ADJUST = "inventoryAdjustQuantities"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens: what, and its particulars.

    Attributes:
        what: The name of a method of `Retailer`, or `job`.
        about: Its arguments.
        meanwhile: Of a job: what happens at which of its calls to Shopify, or of its statements.
    """

    what: str
    about: tuple[object, ...] = ()
    meanwhile: tuple[tuple[str, int, Event], ...] = ()

    def __str__(self) -> str:
        told = f"{self.what}({', '.join(map(repr, self.about))})"
        return told + "".join(f"\n        at {kind} {number}: {event}" for kind, number, event in self.meanwhile)


@dataclass(frozen=True, slots=True)
class Story:
    """A run: how Shopify treats keys and how far its order search lags, and what happens."""

    seed: int
    replay: str
    order_search_lag: int
    events: tuple[Event, ...]

    def __str__(self) -> str:
        head = f"seed {self.seed}: replay {self.replay}, the order search lags by {self.order_search_lag} s"
        return "\n".join([head, *(f"{number:>4}  {event}" for number, event in enumerate(self.events, 1))])


def tell(seed: int) -> Story:
    """The story of a seed."""
    teller = _Teller(random.Random(seed))
    dice = teller.dice
    return Story(
        seed,
        dice.choice(["documented", "observed", "none"]),
        dice.choice([0, 4, 10]),
        tuple(event for _ in range(dice.randint(4, 7)) for event in teller.round()),
    )


@dataclass
class _Teller:
    dice: random.Random

    def round(self) -> list[Event]:
        """Some things happen, then some jobs run."""
        dice = self.dice
        happened = [self._happening() for _ in range(dice.randint(1, 4))]
        if dice.random() < 0.6:
            happened.append(self._fault())
        jobs = ["files"] if dice.random() < 0.7 else []
        jobs += dice.choice(
            [
                ["push", "upload"],
                ["push", "upload"],
                ["push", "upload", "orders"],
                ["orders", "push", "upload"],
                ["restocks", "push", "upload"],
                ["recent_changes"],
                ["hard_sync"],
            ]
        )
        return [*happened, *map(self._job, jobs)]

    def _happening(self) -> Event:
        dice = self.dice
        what = dice.choices(
            ["reset", "delta", "send_again", "rule", "kit", "restock", "edit", "wait", "shop"],
            [3, 5, 1, 2, 1, 1, 1, 1, 12],
        )[0]
        product = dice.randrange(len(PRODUCTS))
        facility = dice.randrange(len(FACILITIES))
        match what:
            case "reset":
                rows = tuple((p, f, dice.randint(0, 12)) for p in range(3) for f in range(2) if dice.random() < 0.5)
                return Event("reset", (rows or ((product, facility, 5),), dice.choice([1, 5, 21])))
            case "delta":
                rows = tuple(
                    (dice.randrange(3), dice.randrange(2), dice.choice([-9, -3, -1, 2, 6]))
                    for _ in range(dice.randint(1, 3))
                )
                return Event("delta", (rows, dice.choice([1, 5, 21])))
            case "rule":
                return Event("rule", (product, dice.randrange(3), dice.choice([0, 1, 3]), dice.random() < 0.9))
            case "kit":
                return Event("kit", (dice.randrange(3), dice.randint(1, 3)))
            case "restock":
                return Event("restock", (product, facility, dice.randint(1, 6), dice.choice([20, 600])))
            case "edit":
                return Event("edit", (product, dice.randrange(2), dice.randint(0, 9)))
            case "wait":
                return Event("wait", (dice.choice([10, 60, 4000]),))
            case "send_again":
                return Event("send_again", (dice.randrange(9),))
        return self._at_shop()

    def _at_shop(self) -> Event:
        dice = self.dice
        what = dice.choices(["sell", "till", "cancel", "fulfil", "refund"], [8, 3, 3, 2, 1])[0]
        if what in ("sell", "till"):
            return Event(what, (dice.randrange(3), dice.randint(1, 3)))
        return Event(what, (dice.randrange(9),))

    def _fault(self) -> Event:
        kind, parameters = self.dice.choice(FAULTS)
        operation = ADJUST if kind in ("late", "stale", "concurrent") or self.dice.random() < 0.7 else None
        after = 0 if operation else self.dice.randrange(6)
        return Event("fault", (kind, operation, after, tuple(parameters.items())))

    def _death(self, job: str) -> tuple[str, int]:
        """At which boundary a job dies; if it comes that far."""
        other = "file" if job == "files" else "call"
        where = "statement" if job in ("push", "restocks") else self.dice.choice(["statement", other])
        return where, self.dice.randint(1, 120 if where == "statement" else 20)

    def _job(self, name: str) -> Event:
        dice = self.dice
        death = self._death(name) if dice.random() < 0.25 else None
        twice = dice.random() < 0.08
        meanwhile: list[tuple[str, int, Event]] = []
        if name != "files" and dice.random() < 0.35:
            meanwhile += [(CALL, dice.randint(1, 14), self._at_shop()) for _ in range(dice.randint(1, 2))]
        if name == "upload" and dice.random() < 0.2:
            meanwhile.append((CALL, dice.randint(1, 8), Event("rival", (dice.random() < 0.5,))))
        if name == "files" and dice.random() < 0.3:
            meanwhile.append(("statement", dice.randint(1, 60), Event("late_commit")))
        return Event("job", (name, death, twice), tuple(meanwhile))
