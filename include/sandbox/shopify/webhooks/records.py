"""What the shop remembers of webhooks. Times are seconds since 1970 by the shop's clock."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Subscription:
    """Who wants to be told of what. `version` is that of the request which made it (documented)."""

    id: str
    topic: str
    uri: str
    created: float
    version: str
    name: str | None = None
    include_fields: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Delivery:
    """One message on its way to one subscription; `attempt` counts those made.

    `webhook` is the same for all attempts and copies, `event` for all that one action caused (documented).
    """

    id: str
    webhook: str
    event: str
    subscription: str
    body: str
    triggered: float
    due: float
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: its topic, its payload, and the action that caused it."""

    topic: str
    payload: dict[str, object]
    event: str
    at: float
