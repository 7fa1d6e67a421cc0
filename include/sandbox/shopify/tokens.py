"""Access tokens: those given with the start, which last, and those that expire.

Documented (docs/emulator.md, Access): the client credentials grant, its form and answer, 24 hours of life; expiring
offline tokens of an hour with refresh tokens of 90 days, which change with each use, the older one being good until the
newer one is used. Inferred: that all refusals follow RFC 6749, and that of two newer ones only the last is good.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from include.sandbox.shopify.records import RefreshToken, Token
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint answers."""

    status: int
    body: dict[str, Any]


def scopes_of(store: Store, settings: Settings, token: str) -> tuple[str, ...] | None:
    """Return what a token opens; None if it is none, or no longer one."""
    issued = store.tokens.get(token)
    if issued is not None:
        if store.now() >= issued.expires:
            return None
        return tuple(settings.token_scopes.get(token, issued.scopes))
    return settings.scopes_of(token) if token in settings.tokens else None


def grant(store: Store, settings: Settings, content_type: str, body: bytes) -> Granted:
    """Hand out a token for the app's own id and secret, or for a refresh token and those."""
    if content_type.partition(";")[0].strip() != FORM:
        return _refused(400, "invalid_request", f"expected {FORM}")
    given = dict(parse_qsl(body.decode("utf-8", errors="replace")))
    kind = given.get("grant_type")
    if kind not in ("client_credentials", "refresh_token"):
        return _refused(
            400, "unsupported_grant_type", "expected client_credentials or refresh_token; there is no other"
        )
    right = given.get("client_id") == settings.client_id
    if not (right and hmac.compare_digest(given.get("client_secret", "").encode(), settings.client_secret.encode())):
        return _refused(401, "invalid_client", "client_id or client_secret is wrong")
    if kind == "refresh_token":
        return _refresh(store, settings, given.get("refresh_token", ""))
    return Granted(200, _issue(store, settings.token_seconds, settings.scopes))


def install(store: Store, settings: Settings) -> dict[str, Any]:
    """Give the app an expiring offline token and its refresh token, as a merchant who installs it does."""
    return _pair(store, settings, settings.scopes, None)


def _refresh(store: Store, settings: Settings, given: str) -> Granted:
    used = store.refresh_tokens.get(given)
    if used is None or used.expires <= store.now():
        return _refused(
            400, "invalid_grant", "the refresh token is wrong, expired or was replaced; install the app anew"
        )
    unused = [each.token for each in store.refresh_tokens.values() if each.before == given]
    for each in [*unused, *([used.before] if used.before else [])]:
        store.refresh_tokens.pop(each, None)
    return Granted(200, _pair(store, settings, used.scopes, given))


def _pair(store: Store, settings: Settings, scopes: Sequence[str], before: str | None) -> dict[str, Any]:
    token = f"shprt_{secrets.token_hex(16)}"
    expires = store.now() + settings.refresh_token_seconds
    store.refresh_tokens[token] = RefreshToken(token, expires, list(scopes), before)
    access = _issue(store, settings.offline_token_seconds, scopes)
    return {**access, "refresh_token": token, "refresh_token_expires_in": _life(settings.refresh_token_seconds)}


def _issue(store: Store, seconds: float, scopes: Sequence[str]) -> dict[str, Any]:
    """Hand out an access token. The scopes are those of the app at that moment."""
    now = store.now()
    for old in [each.token for each in store.tokens.values() if each.expires <= now]:
        del store.tokens[old]
    token = Token(f"shpat_{secrets.token_hex(16)}", now + seconds, list(scopes))
    store.tokens[token.token] = token
    store.dirty = True
    return {"access_token": token.token, "scope": ",".join(token.scopes), "expires_in": _life(seconds)}


def _life(seconds: float) -> int:
    """Return one second less than it lasts, as the documented answer of 86399 for 24 hours."""
    return max(0, int(seconds) - 1)


def _refused(status: int, error: str, why: str) -> Granted:
    return Granted(status, {"error": error, "error_description": why})
