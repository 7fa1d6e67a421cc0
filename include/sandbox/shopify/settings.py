"""What the control API can set while the emulator runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from include.sandbox.shopify.bucket import Bucket
from include.sandbox.shopify.inventory.keys import REPLAY_MODES, Replay
from include.sandbox.shopify.inventory.rows import Unstocked
from include.sandbox.shopify.store import Refused, Store
from include.sandbox.shopify.versions import VERSIONS

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
DEFAULT_CLIENT = ("sandbox-app", "shpss_sandbox")

RETRIES = (60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3840.0, 6780.0)
"""Seconds before each of the 8 retries within 4 hours (documented; that each waits twice as long is inferred)."""

SHOP_STATUSES = (402, 403, 404, 423, 430)
"""Frozen, forbidden, no such shop, locked, refused by the security checks (documented)."""


@dataclass(slots=True)
class Settings:
    """The switches. Times in seconds; shares from 0 to 1."""

    replay: Replay = "observed"
    unstocked: Unstocked | Literal["by_version"] = "by_version"
    versions: tuple[str, ...] = VERSIONS
    tokens: tuple[str, ...] = (DEFAULT_TOKEN,)
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    token_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    client_id: str = DEFAULT_CLIENT[0]
    client_secret: str = DEFAULT_CLIENT[1]
    token_seconds: float = 86_400.0
    offline_token_seconds: float = 3600.0
    refresh_token_seconds: float = 7_776_000.0
    shop_status: int | None = None
    order_search_lag: float = 0.0
    product_lag: float = 0.0
    unindexed_orders: tuple[str, ...] = ()
    latency_seconds: float = 0.0
    upload_limit: int = 104_857_600  # documented and recorded: bytes
    staged_uploads_denied: bool = False
    bulk_start_seconds: float = 1.0
    bulk_lines_per_second: float = 1000.0
    bulk_shuffle: bool = True
    webhook_delay: float = 0.0
    webhook_drop: float = 0.0
    webhook_duplicate: float = 0.0
    webhook_reorder: float = 0.0
    webhook_reorder_seconds: float = 5.0
    webhook_retries: tuple[float, ...] = RETRIES
    webhook_timeout: float = 5.0  # documented; of the machine's time
    webhook_secret: str | None = None
    webhook_seed: int = 1
    bucket: Bucket = field(default_factory=Bucket)

    def scopes_of(self, token: str) -> tuple[str, ...]:
        """Return the scopes that a token opens: its own if it was given some, else the app's."""
        return tuple(self.token_scopes.get(token, self.scopes))

    def show(self, store: Store) -> dict[str, Any]:
        """Return all settings as the control API shows them."""
        return {
            **{name: _shown(getattr(self, name)) for name in PLAIN},
            "restore_rate": self.bucket.rate,
            "bucket_size": self.bucket.size,
            "points": self.bucket.available(),
            "clock_offset": store.clock.offset,
            "clock_rate": store.clock.rate,
        }

    def update(self, store: Store, wanted: Mapping[str, Any]) -> None:
        """Apply some settings, all or none.

        Raises:
            Refused: an unknown name, or a value that does not fit.
        """
        for name, value in wanted.items():
            if name not in KINDS:
                raise Refused(f"settings: unknown name {name!r}; expected some of {', '.join(NAMES)}")
            if not KINDS[name].fits(value):
                raise Refused(f"settings.{name}: got {value!r}; expected {KINDS[name].expected}")
        for name in wanted.keys() & set(PLAIN):
            setattr(self, name, tuple(wanted[name]) if isinstance(wanted[name], list) else wanted[name])
        if wanted.keys() & {"clock_offset", "clock_rate"}:
            store.clock.set(offset=wanted.get("clock_offset"), rate=wanted.get("clock_rate"))
        store.clock.wake()
        self.bucket.configure(
            size=wanted.get("bucket_size"), rate=wanted.get("restore_rate"), points=wanted.get("points")
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting takes."""

    expected: str
    fits: Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _one_of(*values: object) -> Kind:
    return Kind(f"one of {', '.join(map(str, values))}", lambda value: value in values)


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shown(each) for name, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


SHARE = Kind("a number from 0 to 1", lambda value: _number(value) and 0 <= value <= 1)
POSITIVE = Kind("a number of 0 or more", lambda value: _number(value) and value >= 0)
STRINGS = Kind("a list of strings", _strings)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXT = Kind("a text", lambda value: isinstance(value, str))

KINDS: dict[str, Kind] = {
    "replay": _one_of(*REPLAY_MODES),
    "unstocked": _one_of("by_version", "error", "silent", "no_effect"),
    "versions": Kind(
        f"a list of one or more of {', '.join(VERSIONS)}",
        lambda value: _strings(value) and bool(value) and set(value) <= set(VERSIONS),
    ),
    "scopes": STRINGS,
    "tokens": STRINGS,
    "token_scopes": Kind(
        "an object of token: list of scopes",
        lambda value: isinstance(value, dict) and all(map(_strings, value.values())),
    ),
    "client_id": TEXT,
    "client_secret": TEXT,
    "token_seconds": POSITIVE,
    "offline_token_seconds": POSITIVE,
    "refresh_token_seconds": POSITIVE,
    "shop_status": _one_of(None, *SHOP_STATUSES),
    "order_search_lag": POSITIVE,
    "product_lag": POSITIVE,
    "unindexed_orders": STRINGS,
    "latency_seconds": POSITIVE,
    "upload_limit": Kind(
        "a whole number of bytes, 1 or more", lambda value: _number(value) and value == int(value) > 0
    ),
    "staged_uploads_denied": FLAG,
    "bulk_start_seconds": POSITIVE,
    "bulk_lines_per_second": POSITIVE,
    "bulk_shuffle": FLAG,
    "webhook_delay": POSITIVE,
    "webhook_drop": SHARE,
    "webhook_duplicate": SHARE,
    "webhook_reorder": SHARE,
    "webhook_reorder_seconds": POSITIVE,
    "webhook_retries": Kind(
        "a list of seconds",
        lambda value: isinstance(value, list) and all(_number(each) and each >= 0 for each in value),
    ),
    "webhook_timeout": POSITIVE,
    "webhook_secret": Kind("a text, or none for client_secret", lambda value: value is None or isinstance(value, str)),
    "webhook_seed": Kind("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "restore_rate": POSITIVE,
    "bucket_size": POSITIVE,
    "points": POSITIVE,
    "clock_offset": Kind("a number", _number),
    "clock_rate": POSITIVE,
}
NAMES = tuple(KINDS)
PLAIN = tuple(name for name in NAMES if name in Settings.__slots__)
