"""What the shop consists of: locations, items, levels, transfers, tokens, and the history of changes.

Quantities follow the documented equation
on_hand = available + committed + reserved + damaged + safety_stock + quality_control; incoming stays outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ON_HAND_PARTS = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
QUANTITY_NAMES = (*ON_HAND_PARTS, "on_hand", "incoming")


@dataclass(slots=True)
class Location:
    """A location; `legacy` marks one of a fulfilment service, which `locations` hides by default."""

    id: str
    name: str
    created: float
    active: bool = True
    fulfills_online: bool = True
    legacy: bool = False


@dataclass(slots=True)
class Item:
    """An inventory item; `bundle` marks the parent of a bundle, which cannot be adjusted.

    `product` is the one that it shares with others, if it does; `older_skus` are those that it had, each with the time
    until which (seconds since 1970).
    """

    id: str
    sku: str | None
    created: float
    tracked: bool = True
    bundle: bool = False
    updated: float | None = None
    product: str | None = None
    older_skus: list[tuple[float, str | None]] | None = None


@dataclass(slots=True)
class Level:
    """One item at one location. `touched` holds when each quantity last changed (seconds since 1970)."""

    id: str
    item: str
    location: str
    created: float
    updated: float
    active: bool = True
    quantities: dict[str, int] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)

    def quantity(self, name: str) -> int:
        """Return a quantity by its name; on_hand is the sum of its parts (documented)."""
        if name == "on_hand":
            return sum(self.quantities.get(part, 0) for part in ON_HAND_PARTS)
        return self.quantities.get(name, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """One applied change of one level, in the order of application.

    `delta` is the change of the quantity called `name`; `committed` and `on_hand` are what moved with it.
    """

    at: float
    kind: str
    item: str
    location: str
    name: str
    delta: int
    committed: int = 0
    on_hand: int = 0
    reference: str | None = None
    key: str | None = None
    group: str | None = None
    ledger: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An adjustment group; its changes are `history[start:end]`. `ledger` is the document of changes without one."""

    id: str
    created: float
    reason: str
    reference: str | None
    ledger: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What an idempotency key was used for: the fingerprint of the parameters and the outcome.

    `group` is the id of what the call made: a group, or the level that was activated.
    """

    at: float
    fingerprint: str
    ok: bool
    group: str | None


@dataclass(slots=True)
class Transfer:
    """Units of one item on their way from one location to another; `open` counts those that were not received.

    `status` is READY_TO_SHIP, IN_TRANSIT, DONE or CANCELED.
    """

    id: str
    item: str
    origin: str
    destination: str
    open: int
    status: str = "READY_TO_SHIP"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that was handed out, until when it lasts, and what it opens."""

    token: str
    expires: float
    scopes: list[str]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, until when it lasts, what it opens, and the one that it came in place of."""

    token: str
    expires: float
    scopes: list[str]
    before: str | None = None
