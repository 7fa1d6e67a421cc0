"""What the control API can set while the emulator runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.shopify.adjust import REPLAY_MODES, Replay
from include.sandbox.shopify.bucket import Bucket
from include.sandbox.shopify.store import Refused, Store

# What Trueup's own app asks for; a write scope includes the read scope (documented).
DEFAULT_SCOPES = (
    "read_inventory",
    "write_inventory",
    "read_products",
    "read_locations",
    "read_orders",
    "read_merchant_managed_fulfillment_orders",
)
DEFAULT_TOKEN = "shpat_sandbox"  # noqa: S105 - opens nothing but the emulator on this machine
NUMBERS = ("order_search_lag", "restore_rate", "bucket_size", "points", "latency_seconds")
CLOCK = ("clock_offset", "clock_rate")
NAMES = ("replay", "scopes", "tokens", *NUMBERS, *CLOCK)


@dataclass(slots=True)
class Settings:
    """The switches. Times in seconds."""

    replay: Replay = "observed"
    order_search_lag: float = 0.0
    latency_seconds: float = 0.0
    tokens: tuple[str, ...] = (DEFAULT_TOKEN,)
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    bucket: Bucket = field(default_factory=Bucket)

    def allows(self, scope: str) -> bool:
        """Say whether the app has a scope, by itself or through the write scope of the same name."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def show(self, store: Store) -> dict[str, Any]:
        """Return all settings as the control API shows them."""
        return {
            "replay": self.replay,
            "order_search_lag": self.order_search_lag,
            "restore_rate": self.bucket.rate,
            "bucket_size": self.bucket.size,
            "points": self.bucket.available(),
            "tokens": list(self.tokens),
            "scopes": list(self.scopes),
            "latency_seconds": self.latency_seconds,
            "clock_offset": store.clock.offset,
            "clock_rate": store.clock.rate,
        }

    def update(self, store: Store, wanted: Mapping[str, Any]) -> None:
        """Apply some settings, all or none.

        Raises:
            Refused: an unknown name, or a value that does not fit.
        """
        for name, value in wanted.items():
            _check(name, value)
        self.replay = wanted.get("replay", self.replay)
        self.tokens = tuple(wanted.get("tokens", self.tokens))
        self.scopes = tuple(wanted.get("scopes", self.scopes))
        self.order_search_lag = float(wanted.get("order_search_lag", self.order_search_lag))
        self.latency_seconds = float(wanted.get("latency_seconds", self.latency_seconds))
        if wanted.keys() & {"clock_offset", "clock_rate"}:
            store.clock.set(offset=wanted.get("clock_offset"), rate=wanted.get("clock_rate"))
        self.bucket.configure(
            size=wanted.get("bucket_size"), rate=wanted.get("restore_rate"), points=wanted.get("points")
        )


def _check(name: str, value: Any) -> None:
    if name not in NAMES:
        raise Refused(f"settings: unknown name {name!r}; expected some of {', '.join(NAMES)}")
    if name == "replay" and value not in REPLAY_MODES:
        raise Refused(f"settings.replay: got {value!r}; expected one of {', '.join(REPLAY_MODES)}")
    if name in ("tokens", "scopes") and not (isinstance(value, list) and all(isinstance(x, str) for x in value)):
        raise Refused(f"settings.{name}: got {value!r}; expected a list of strings")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in (*NUMBERS, *CLOCK) and not (number and (value >= 0 or name == "clock_offset")):
        raise Refused(f"settings.{name}: got {value!r}; expected a number of 0 or more")
