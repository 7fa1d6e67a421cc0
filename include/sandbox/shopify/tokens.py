"""Access tokens: those given with the start, which last, and those of the client credentials grant, which expire.

Documented (docs/emulator.md, Access): the form and answer of the grant, 24 hours of life. Its refusals follow RFC 6749
(inferred).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store, Token

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
    """Hand out a token for the app's own id and secret. The scopes are those of the app at that moment."""
    if content_type.partition(";")[0].strip() != FORM:
        return _refused(400, "invalid_request", f"expected {FORM}")
    given = dict(parse_qsl(body.decode("utf-8", errors="replace")))
    if given.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", "expected client_credentials; the emulator has no other grant")
    right = given.get("client_id") == settings.client_id
    if not (right and hmac.compare_digest(given.get("client_secret", "").encode(), settings.client_secret.encode())):
        return _refused(401, "invalid_client", "client_id or client_secret is wrong")
    now = store.now()
    for old in [each.token for each in store.tokens.values() if each.expires <= now]:
        del store.tokens[old]
    token = Token(f"shpat_{secrets.token_hex(16)}", now + settings.token_seconds, list(settings.scopes))
    store.tokens[token.token] = token
    store.dirty = True
    # One second less than it lasts, as the documented answer of 86399 for 24 hours.
    life = max(0, int(settings.token_seconds) - 1)
    return Granted(200, {"access_token": token.token, "scope": ",".join(token.scopes), "expires_in": life})


def _refused(status: int, error: str, why: str) -> Granted:
    return Granted(status, {"error": error, "error_description": why})
