"""The receiver of webhooks as anybody on the internet meets it: over real HTTP, byte by byte."""

import hmac
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest

from include.db.connection import Connection, connect
from include.jobs.webhook_receiver import Receiver, Shops
from include.shopify import webhooks
from tests.webhooks import headers, serving, signature
from tests.world import SHOP, World

DOMAIN, OTHER = "one.myshopify.com", "two.myshopify.com"
SECRET, OLDER = "canary-secret", "canary-older"
LEVEL = b'{"inventory_item_id":271878346596884015,"location_id":24826418,"available":5}'


@dataclass
class Hook:
    """A receiver with two shops, and what it has opened."""

    dsn: str
    address: str = ""
    opened: int = 0
    looked_up: int = 0
    shops: dict[str, tuple[str, list[str]]] = field(
        default_factory=lambda: {DOMAIN: (SHOP, [SECRET, OLDER]), OTHER: ("two", ["another"])}
    )

    def database(self) -> AbstractContextManager[Connection]:
        self.opened += 1
        return connect(self.dsn)

    def load_shops(self) -> Shops:
        self.looked_up += 1
        return self.shops

    def post(self, body: bytes = LEVEL, signed: bytes | None = None, **more: str) -> int:
        """Send a body; with the signature of another one if asked to."""
        told = signed_headers(body if signed is None else signed) | {
            name.replace("_", "-"): value for name, value in more.items()
        }
        raw = [(name.encode(), value.encode()) for name, value in told.items()]
        answer = httpx.post(self.address, content=body, headers=raw, trust_env=False)
        assert answer.content == b"", "nobody is told why"
        return answer.status_code

    def send(self, raw: bytes) -> bytes:
        """Send bytes that no client would send; returns the beginning of the answer."""
        parts = urlsplit(self.address)
        assert parts.hostname is not None
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=10) as wire:
            wire.sendall(raw)
            return wire.recv(64)


def signed_headers(body: bytes) -> dict[str, str]:
    return headers(body, SECRET, DOMAIN)


@pytest.fixture
def hook(dsn: str, world: World) -> Iterator[Hook]:
    world.shop()
    found = Hook(dsn)
    with serving(Receiver(found.database, found.load_shops)) as found.address:
        yield found


def kept(connection: Connection) -> list[tuple[str, str]]:
    return connection.execute(b"SELECT webhook_id, topic FROM shopify_webhook ORDER BY webhook_id").fetchall()


def test_what_is_not_signed_opens_nothing(hook: Hook, connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    same = [
        LEVEL + b"\n",
        b" " + LEVEL,
        LEVEL.replace(b",", b", "),
        b"\xef\xbb\xbf" + LEVEL,
        json.dumps(json.loads(LEVEL), sort_keys=True).encode(),
        LEVEL.replace(b"available", b"\\u0061vailable"),
        b"",
    ]
    for body in same:
        assert hook.post(body, signed=LEVEL) == 401, "the bytes are what is signed, not what they mean"
    good = signature(LEVEL, SECRET)
    forged = [
        "", good[:-1], good[:-4] + "AAA=", good.swapcase(), good + good, f"sha256={good}", f"{good},{good}",
        good.rstrip("="), "=" * 44, "A" * 60_000, signature(LEVEL, ""), signature(LEVEL, "another"),
        hmac.new(SECRET.encode(), LEVEL, "sha256").hexdigest(),
    ]  # fmt: skip
    for each in forged:
        assert hook.post(X_Shopify_Hmac_SHA256=each) in (401, 400, 431), each
    for domain in (
        OTHER,
        "",
        "ONE.myshopify.com",
        f"{DOMAIN}.",
        f"{DOMAIN}@{OTHER}",
        "x" * 5000,
        "'; DROP TABLE x; --",
    ):
        assert hook.post(X_Shopify_Shop_Domain=domain) == 401
    assert hook.opened == 0, "the database is not opened for a message that nobody has signed"
    assert hook.looked_up == 1
    assert kept(connection) == []
    assert hook.post() == 200
    assert not any(secret in caplog.text for secret in (SECRET, OLDER, good))
    assert max(len(each.getMessage()) for each in caplog.records) < 1000, "a stranger does not fill the log"


def test_of_two_signatures_neither_helps_the_other(hook: Hook) -> None:
    """Some servers in between join repeated headers, some take the first, some the last."""
    good, bad = signature(LEVEL, SECRET), signature(LEVEL, "guessed")
    head = "".join(f"{name}: {value}\r\n" for name, value in signed_headers(LEVEL).items() if "Hmac" not in name)
    for pair in ((bad, good), (bad, bad)):
        lines = "".join(f"X-Shopify-Hmac-SHA256: {each}\r\n" for each in pair)
        request = f"POST /webhooks HTTP/1.1\r\nHost: x\r\n{head}{lines}Content-Length: {len(LEVEL)}\r\n\r\n".encode()
        assert b" 401 " in hook.send(request + LEVEL)
    assert hook.opened == 0


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 999999999\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 9\r\nContent-Length: 70000\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"X-Shopify-Webhook-Id: a\0b\r\nContent-Length: 0\r\n",
        b"X-Shopify-Topic: \xff\xfe\r\nContent-Length: 0\r\n",
        b"X: " + b"x" * 200_000 + b"\r\nContent-Length: 0\r\n",
    ],
)
def test_requests_that_are_none(hook: Hook, head: bytes) -> None:
    status = hook.send(b"POST /webhooks HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n").split(b" ")[1:2]
    assert status in ([b"400"], [b"401"], [b"413"], [b"431"]), status
    assert hook.opened == 0
    assert hook.post() == 200, "it still listens"


def test_headers_of_a_captured_message_may_be_changed_and_do_no_harm(hook: Hook, connection: Connection) -> None:
    """They are not signed: a message counts as a prompt to look, whatever they say."""
    evil = ["../../etc/passwd", "'); DROP TABLE shopify_webhook; --", "%s%(x)s", "<script>", "=1+1", "ü"]
    for sent in evil:
        assert hook.post(X_Shopify_Webhook_Id=sent, X_Shopify_Event_Id=sent, X_Shopify_Triggered_At=sent) == 200
        assert hook.post(X_Shopify_Webhook_Id=f"t{sent}", X_Shopify_Topic=sent) == 200
    assert len(kept(connection)) == 2 * len(evil)
    for longer in ("x" * 256, "x" * 50_000):
        assert hook.post(X_Shopify_Webhook_Id=longer) == 202
        assert hook.post(X_Shopify_Webhook_Id="e", X_Shopify_Event_Id=longer) == 200
    assert len(kept(connection)) == 2 * len(evil) + 1


def test_all_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is right, and whether any is: as many comparisons, each by the library's constant-time one."""
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr("include.shopify.webhooks.hmac.compare_digest", compare)
    secrets = ["first", "second", "third"]
    for signing in (*secrets, "none of them"):
        compared.clear()
        found = webhooks.is_signed(LEVEL, signature(LEVEL, signing), secrets)
        assert found is (signing in secrets)
        assert compared == [(44, 44)] * 3
