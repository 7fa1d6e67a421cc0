"""`POST /admin/api/{version}/graphql.json`: shop, token, version, faults, the request itself, how its answer leaves."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from include.sandbox.shopify import document, engine, statuses, tokens, versions, wire
from include.sandbox.shopify.bulk.files import Files
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.document import Prepared
from include.sandbox.shopify.engine import Answer
from include.sandbox.shopify.faults import Fault, Faults
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.webhooks.dispatcher import Dispatcher

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

PATH = re.compile(r"/admin/api/(\d{4}-\d{2})/graphql\.json")

GRANT = "/admin/oauth/access_token"
OWN_SCOPES = "/admin/oauth/access_scopes.json"


@dataclass(slots=True)
class Stats:
    """What was asked of the shop."""

    calls: Counter[str] = field(default_factory=Counter)
    points: int = 0
    throttled: int = 0
    granted: int = 0

    def show(self) -> dict[str, Any]:
        """Return the figures as the control API shows them."""
        counts = {"points": self.points, "throttled": self.throttled, "granted": self.granted}
        return {"calls": dict(self.calls), **counts}


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: a status with a body, or nothing but a closed connection.

    `reset` closes it by a TCP reset; `breaks_off` in the middle of the body; `seconds` spreads the body over time.
    """

    status: int = 200
    body: bytes = b""
    headers: Headers = ()
    dropped: bool = False
    reset: bool = False
    breaks_off: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and prepared."""

    scopes: tuple[str, ...]
    base_url: str
    prepared: Prepared
    name: str | None
    variables: Mapping[str, Any]

    @property
    def operations(self) -> list[str]:
        """The root fields."""
        return [node.name.value for node in self.prepared.root_fields(self.name)]

    @property
    def keys(self) -> list[str]:
        """The idempotency keys."""
        return document.keys_of(self.prepared, self.name, self.variables)


@dataclass(slots=True)
class Admin:
    """The Admin API of the emulated shop."""

    store: Store
    settings: Settings
    files: Files
    webhooks: Dispatcher
    faults: Faults = field(default_factory=Faults)
    stats: Stats = field(default_factory=Stats)
    _running: Counter[str] = field(default_factory=Counter)
    _late: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        reply = await self._reply(scope, await _body(receive))
        if reply.dropped:
            wire.drop(send, reset=reply.reset)
            return
        headers = [(b"content-type", b"application/json; charset=utf-8"), *reply.headers]
        headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if reply.breaks_off:
            await wire.break_off(send, reply.body[: len(reply.body) // 2])
        elif reply.seconds:
            await wire.drip(send, reply.body, reply.seconds)
        else:
            await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: Scope, body: bytes) -> Reply:
        headers = dict(scope["headers"])
        if self.settings.shop_status is not None:
            return _status(self.settings.shop_status, statuses.body(self.settings.shop_status))
        if scope["path"] == GRANT and scope["method"] == "POST":
            granted = tokens.grant(self.store, self.settings, _text(headers, b"content-type"), body)
            self.stats.granted += granted.status == 200
            return _status(granted.status, granted.body)
        scopes = tokens.scopes_of(self.store, self.settings, _text(headers, b"x-shopify-access-token"))
        if scope["path"] == OWN_SCOPES and scope["method"] == "GET":
            return _status(200, _handles(scopes)) if scopes is not None else _status(401, statuses.body(401))
        match = PATH.fullmatch(scope["path"])
        version = versions.served(match[1], self.settings.versions) if match and scope["method"] == "POST" else None
        if version is None:
            return _status(404, statuses.body(404))
        own = ((b"x-shopify-api-version", version.encode()), (b"x-request-id", str(uuid.uuid4()).encode()))
        if scopes is None:
            return _status(401, statuses.body(401), own)
        return await self._request(version, scopes, f"http://{_text(headers, b'host')}", body, own)

    async def _request(self, version: str, scopes: tuple[str, ...], base_url: str, body: bytes, own: Headers) -> Reply:
        try:
            call = _read(version, scopes, base_url, body)
        except (ValueError, TypeError, AttributeError):
            return _status(400, {"errors": {"query": "Required parameter missing or invalid"}}, own)
        self.stats.calls.update(call.operations)
        if self.settings.latency_seconds:
            await asyncio.sleep(self.settings.latency_seconds)
        fault = self.faults.next_for(call.operations)
        return self._answer(self._run(call), own) if fault is None else await self._fail(fault, call, own)

    async def _fail(self, fault: Fault, call: Call, headers: Headers) -> Reply:
        """Run into a fault. What the real service would have done by then, is done."""
        reply = await self._fail_before(fault, call, headers)
        if reply is not None:
            return reply
        code = {"concurrent": "IDEMPOTENCY_CONCURRENT_REQUEST", "user_error": fault.parameters.get("code")}
        answer = self._run(call, slip_in=fault.kind == "stale", user_error=code.get(fault.kind))
        return self._fail_after(fault, answer, headers)

    async def _fail_before(self, fault: Fault, call: Call, headers: Headers) -> Reply | None:
        """Do what a fault does before the request is run; return the reply if it is not to be run any more."""
        given = fault.parameters
        match fault.kind:
            case "delay":
                self._running.update(call.keys)
                await asyncio.sleep(given["seconds"])
                self._running.subtract(call.keys)
            case "late":  # still on its way, so the shop does not know its key yet
                later = asyncio.get_running_loop().create_task(self._apply_later(call, given["seconds"]))
                self._late.add(later)
                later.add_done_callback(self._late.discard)
                return Reply(dropped=True)
            case "drop_before":
                return Reply(dropped=True, reset=given["reset"])
            case "status":
                return _status(given["status"], statuses.body(given["status"]), headers, given["retry_after"])
            case "throttled":
                self.stats.throttled += 1
                requested = engine.requested_cost(call.prepared, call.name, call.variables)
                return self._answer(engine.throttled(self._context(call), requested), headers)
            case "internal_error" if not given["applied"]:
                return self._answer(engine.internal_error(), headers)
            case "malformed" if not given["applied"]:
                return Reply(body=b'{"data":{', headers=headers)
        return None

    def _fail_after(self, fault: Fault, answer: Answer, headers: Headers) -> Reply:
        """Return what a fault makes of the answer to a request that was run."""
        given = fault.parameters
        match fault.kind:
            case "drop_after":
                return Reply(dropped=True, reset=given["reset"])
            case "break_off":
                return replace(self._answer(answer, headers), breaks_off=True)
            case "slow":
                return replace(self._answer(answer, headers), seconds=given["seconds"])
            case "status_after":
                return _status(given["status"], statuses.body(given["status"]), headers, given["retry_after"])
            case "internal_error":
                return self._answer(engine.internal_error(), headers)
            case "malformed":
                whole = self._answer(answer, headers)
                return Reply(body=whole.body[: len(whole.body) // 2], headers=headers)
        return self._answer(answer, headers)

    async def _apply_later(self, call: Call, seconds: float) -> None:
        clock = self.store.clock
        until = clock.now() + seconds
        while clock.now() < until:
            await clock.doze(until)
        self._run(call)

    def _context(self, call: Call, *, slip_in: bool = False, user_error: str | None = None) -> Context:
        return Context(
            store=self.store,
            settings=self.settings,
            files=self.files,
            base_url=call.base_url,
            version=call.prepared.version,
            scopes=call.scopes,
            raw_variables=call.variables,
            busy=lambda key: self._running[key] > 0,
            slip_in=slip_in,
            user_error=user_error,
        )

    def _run(self, call: Call, *, slip_in: bool = False, user_error: str | None = None) -> Answer:
        context = self._context(call, slip_in=slip_in, user_error=user_error)
        answer = engine.run(call.prepared, call.name, call.variables, context)
        self.stats.points += answer.points
        self.stats.throttled += answer.throttled
        return answer

    def _answer(self, answer: Answer, headers: Headers) -> Reply:
        return Reply(body=json.dumps(answer.body, separators=(",", ":")).encode(), headers=headers)


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode(errors="replace")


def _handles(scopes: tuple[str, ...]) -> dict[str, Any]:
    return {"access_scopes": [{"handle": scope} for scope in scopes]}


def _read(version: str, scopes: tuple[str, ...], base_url: str, body: bytes) -> Call:
    request = json.loads(body)
    variables = request.get("variables") or {}
    text = request.get("query")
    if not isinstance(text, str) or not isinstance(variables, dict):
        raise TypeError("query is no text, or variables are no object")
    return Call(scopes, base_url, document.prepare(version, text), request.get("operationName"), variables)


def _status(
    status: int,
    body: Mapping[str, Any],
    headers: Headers = (),
    retry_after: float | None = None,
) -> Reply:
    if retry_after is not None:
        headers = (*headers, (b"retry-after", str(retry_after).encode()))
    return Reply(status, json.dumps(body).encode(), headers)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
