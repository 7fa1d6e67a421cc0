"""What an idempotency key is worth: what is documented, what was observed, or nothing (docs/emulator.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from include.sandbox.shopify.inventory.errors import UserError
from include.sandbox.shopify.records import KeyUse
from include.sandbox.shopify.store import Store

Replay = Literal["documented", "observed", "none"]
REPLAY_MODES: tuple[Replay, ...] = ("documented", "observed", "none")

KEY_LIFE = 24 * 3600.0  # documented: seconds from the original request


@dataclass(frozen=True, slots=True)
class Keyed:
    """The key of one call, the fingerprint of its parameters and the way keys are honoured.

    `key` is None where an older version lets a call do without. `mismatch` is the message about other parameters, where
    it is not the usual one.
    """

    key: str | None
    fingerprint: str
    replay: Replay
    in_progress: bool = False
    mismatch: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The global id of what a call made, or its errors; neither if there was nothing to do."""

    result: str | None = None
    errors: tuple[UserError, ...] = ()


def once(
    store: Store,
    call: Keyed,
    check: Callable[[], Sequence[UserError]],
    apply: Callable[[float], str | None],
) -> Outcome:
    """Check and apply a call, as often as its key allows.

    Args:
        store: the shop.
        call: the key and what it stands for.
        check: returns the errors of the call, the compare included.
        apply: makes the change at a time (seconds since 1970) and returns the id of what it made.
    """
    now = store.now()
    _forget_old_keys(store, now)
    if call.key is None:
        errors = tuple(check())
        if errors:
            return Outcome(errors=errors)
        store.act()
        return Outcome(apply(now))
    known = None if call.replay == "none" else store.keys.get(call.key)
    answer = _answer_by_key(call, known)
    if answer is not None:
        return answer
    errors = tuple(check())
    if errors:
        if not (known and known.ok):
            _remember_key(store, call.key, call.fingerprint, now, ok=False, result=None)
        return Outcome(errors=errors)
    if known and known.ok:
        # Observed mode, reached only by a repeat whose compare still holds; inferred from reports on 2026-07.
        return Outcome(known.group)
    store.act()
    result = apply(now)
    _remember_key(store, call.key, call.fingerprint, now, ok=True, result=result)
    return Outcome(result)


def _remember_key(store: Store, key: str, fingerprint: str, now: float, *, ok: bool, result: str | None) -> None:
    """The 24 hours count from the first request with the key (documented), whatever came after it."""
    first = store.keys.get(key)
    at = first.at if first else now
    store.keys[key] = KeyUse(at, fingerprint, ok, result)
    store.dirty = True


def _forget_old_keys(store: Store, now: float) -> None:
    """Documented: a key is tracked for 24 hours. The dictionary is in the order of first use."""
    while store.keys:
        oldest = next(iter(store.keys))
        if now - store.keys[oldest].at <= KEY_LIFE:
            return
        del store.keys[oldest]


def _answer_by_key(call: Keyed, known: KeyUse | None) -> Outcome | None:
    """Answer from the key alone, if the mode says so.

    Documented: a second call while the first runs is told so; other parameters are refused; a repeat after success is
    answered from the records; a repeat after a failure is refused. Reported by the community (live test on 2026-07):
    a repeat after success was compared again and found stale, so "observed" leaves it to the compare. "none" ignores
    keys (reported early in 2026: the same key was applied three times).
    """
    if call.replay == "none":
        return None
    if call.in_progress:
        return Outcome(errors=(UserError(None, "IDEMPOTENCY_CONCURRENT_REQUEST"),))
    if known is None:
        return None
    if known.fingerprint != call.fingerprint:
        return Outcome(errors=(UserError(None, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", call.mismatch),))
    if call.replay != "documented":
        return None
    if known.ok:
        return Outcome(known.group)
    return Outcome(errors=(UserError(None, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"),))
