"""One shop's Admin API: sends a document, tells refusals from unknown outcomes, keeps within the points.

Only what was surely not carried out is sent again here: a request without a connection, and one that was throttled.
Requests may be sent from several threads.
"""

import json
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from include.shopify.access import Access
from include.shopify.errors import NotSent, OutcomeUnknown, RequestRefused, Throttled
from include.shopify.limiter import Limiter
from include.shopify.tokens import Granted, Token, retry_after

logger = logging.getLogger(__name__)

DOCUMENTS = Path(__file__).with_name("documents")

SECONDS_TO_CONNECT = 5.0
SECONDS_TO_ANSWER = 30.0

MOST_THROTTLED = 20
"""Answers of THROTTLED or 429 in a row after which a request is given up."""

LONGEST_PAUSE = 120.0
"""Seconds that a request is held back at most. Whoever is asked to wait longer comes back later."""

MOST_CONNECTS = 3

SECONDS_TO_LEAVE = 30.0
"""How long after a write was noted down as leaving it may leave. Once `seconds_to_arrive`, which must be longer, are
over, somebody else may find out by looking that it was not carried out."""

MOST_UNDER_WAY = 8
"""Requests to one shop at a time: enough to use up the points where an answer takes as long as half a second."""

REFUSED_BEFORE_EXECUTION = frozenset(
    {
        "ACCESS_DENIED",
        "BAD_REQUEST",
        "INVALID_FIELD_ARGUMENTS",
        "INVALID_VARIABLE",
        "MAX_COST_EXCEEDED",
        "MAX_INPUT_SIZE_EXCEEDED",
    }
)
"""Codes of errors that come before execution, besides those of validation, which begin in lower case."""

_MOVED = "the shop's address has moved: enter the one that Shopify names (NAME.myshopify.com) in the Airflow connection"

WHAT_TO_DO = {
    301: _MOVED,
    302: _MOVED,
    307: _MOVED,
    308: _MOVED,
    400: "Shopify did not understand the request: this is a fault of Trueup",
    401: "the access token is wrong or expired: renew it in the Airflow connection, or enter the app's client id as"
    " login and its client secret as password there, and Trueup asks for tokens itself",
    402: "the shop is frozen: its owner has a bill to pay",
    403: "the app may not use this shop: check its installation",
    404: "no such shop or API version: check the address in the Airflow connection",
    423: "the shop is locked: ask its owner",
    430: "refused by Shopify's security checks: slow down and ask Shopify's support",
}
"""Statuses that are surely sent before a request is carried out, and what each asks for."""


@dataclass(frozen=True, slots=True)
class Document:
    """A GraphQL document and the points that it asks for.

    `leave_by`, by the client's clock: it must not be sent after that moment any more.
    """

    name: str
    text: str
    cost: float
    leave_by: float | None = None


@cache
def document(name: str) -> Document:
    """Read a document and its `# cost:` line."""
    text = (DOCUMENTS / f"{name}.graphql").read_text()
    cost = re.match(r"# cost: (\d+)", text)
    assert cost is not None, f"{name}.graphql begins with no '# cost: <points>' line"
    return Document(name, text, float(cost[1]))


class Client:
    """A connection to one shop. Use it as a context manager.

    Args:
        access: The shop.
        limiter: Its points; one per shop.
        seconds_to_answer: How long an answer may take before the outcome counts as unknown.
        most_under_way: Requests at a time.
        clock: Seconds, as by `time.monotonic`.
        kept: An access token that an earlier client was granted.
    """

    def __init__(
        self,
        access: Access,
        limiter: Limiter | None = None,
        seconds_to_answer: float = SECONDS_TO_ANSWER,
        most_under_way: int = MOST_UNDER_WAY,
        clock: Callable[[], float] = time.monotonic,
        kept: Granted | None = None,
    ) -> None:
        if urlsplit(access.url).scheme != "https" and not access.is_sandbox:
            raise RequestRefused(f"{access.url}: the token goes over https only; correct the Airflow connection")
        self.limiter = limiter or Limiter()
        self.calls = 0
        self.access = access
        self.most_under_way = most_under_way
        self.version_served = ""
        self.clock = clock
        self._seconds_to_answer = seconds_to_answer
        self._address = f"{access.url.rstrip('/')}/admin/api/{access.api_version}/graphql.json"
        self._http = httpx.Client(
            headers={"Content-Type": "application/json"},
            timeout=httpx.Timeout(seconds_to_answer, connect=SECONDS_TO_CONNECT),
            limits=httpx.Limits(max_keepalive_connections=most_under_way, keepalive_expiry=2.0),
            trust_env=False,
            follow_redirects=False,  # the token goes to the shop alone
        )
        self._token = Token(access, self._http, kept=kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def granted(self) -> Granted | None:
        """The access token that was asked for, if one was, for the next client of the shop."""
        return self._token.granted

    def leaving_soon(self, request: Document) -> Document:
        """A document that must leave within `SECONDS_TO_LEAVE` from now."""
        return replace(request, leave_by=self.clock() + SECONDS_TO_LEAVE)

    def execute(self, request: Document, variables: str) -> dict[str, Any]:
        """Send a document and wait for its data; as often as it is throttled.

        Args:
            request: The document.
            variables: Its variables as JSON text, sent as it stands.

        Returns:
            `data` of the answer.

        Raises:
            NotSent: No connection could be made.
            RequestRefused: Refused before execution.
            Throttled: Held back for longer than is reasonable.
            OutcomeUnknown: Sent, but the answer does not say what became of it.
        """
        for attempt in range(1, MOST_THROTTLED + 1):
            self.limiter.take(request.cost)
            try:
                return self.execute_once(request, variables)
            except Throttled as refusal:
                if attempt == MOST_THROTTLED or refusal.seconds > LONGEST_PAUSE:
                    raise
                self.limiter.pause(refusal.seconds)
        raise AssertionError("unreachable")

    def execute_all(self, request: Document, variables: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Ask the same with each of several variables, some at a time. For questions, not for writes.

        Yields:
            `data` of each answer, in the order of the variables.

        Raises:
            ShopifyError: As by `execute`, for any of them.
        """
        under_way: deque[tuple[str, Future[dict[str, Any]]]] = deque()
        with ThreadPoolExecutor(self.most_under_way, "shopify") as threads:
            for each in variables:
                if len(under_way) == self.most_under_way:
                    yield self._answer(request, *under_way.popleft())
                self.limiter.take(request.cost)
                under_way.append((each, threads.submit(self.execute_once, request, each)))
            while under_way:
                yield self._answer(request, *under_way.popleft())

    def _answer(self, request: Document, variables: str, sent: Future[dict[str, Any]]) -> dict[str, Any]:
        try:
            return sent.result()
        except Throttled as refusal:
            self.limiter.pause(min(refusal.seconds, LONGEST_PAUSE))
            return self.execute(request, variables)

    def execute_once(self, request: Document, variables: str) -> dict[str, Any]:
        """Send a document once, its points being taken already; arguments, result and errors are those of `execute`.

        If it may not leave any more, that is `NotSent` as well.
        """
        body = f'{{"query":{json.dumps(request.text)},"variables":{variables}}}'.encode()
        cost: Mapping[str, object] = {}
        sent = self.limiter.sent()
        try:
            response = self._authorized(request, body)
            self.version_served = response.headers.get("X-Shopify-API-Version", self.version_served)
            if response.status_code == 429:
                raise Throttled(f"{request.name}: HTTP 429", retry_after(response))
            answer = _read(request, response)
            cost = _cost(answer)
        finally:
            self.limiter.answered(request.cost, sent, cost)
        if "THROTTLED" in error_codes(answer):
            raise Throttled(f"{request.name}: throttled", self.limiter.seconds_until(request.cost))
        return _data(request, answer)

    def _authorized(self, request: Document, body: bytes) -> httpx.Response:
        """Post with the present token; once more with a new one if it is refused, which is before execution."""
        token = self._token.current()
        response = self._post(request, body, {"X-Shopify-Access-Token": token})
        if response.status_code == httpx.codes.UNAUTHORIZED and self._token.can_be_renewed:
            logger.info("%s: the access token was refused; asking for a new one", request.name)
            response = self._post(request, body, {"X-Shopify-Access-Token": self._token.renewed(token)})
        return response

    def _posted(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        with self._http.stream("POST", self._address, content=body, headers=headers) as response:
            return _read_whole(response, self._seconds_to_answer)

    def _post(self, request: Document, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        for attempt in range(1, MOST_CONNECTS + 1):
            if request.leave_by is not None and self.clock() > request.leave_by:
                raise NotSent(f"{request.name}: held up for more than {SECONDS_TO_LEAVE:g} s; nothing was sent")
            try:
                self.calls += 1
                return self._posted(body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if attempt == MOST_CONNECTS:
                    raise NotSent(
                        f"{request.name}: no connection to {self._address} ({error}); nothing was sent"
                    ) from error
                self.limiter.pause(0.5 * attempt)
            except httpx.HTTPError as error:
                raise OutcomeUnknown(f"{request.name}: {type(error).__name__} {error}".rstrip()) from error
        raise AssertionError("unreachable")


def _read_whole(response: httpx.Response, seconds: float) -> httpx.Response:
    """Read an answer to its end, which httpx alone would wait for as long as single bytes keep coming.

    Raises:
        httpx.ReadTimeout: It has not ended in time.
    """
    until = time.monotonic() + seconds
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if time.monotonic() > until:
            raise httpx.ReadTimeout(f"the answer did not end within {seconds:g} s")
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
    return httpx.Response(response.status_code, headers=headers, content=bytes(content))


def _read(request: Document, response: httpx.Response) -> dict[str, Any]:
    status, request_id = response.status_code, response.headers.get("X-Request-Id", "none")
    if status != 200 and status not in WHAT_TO_DO:
        raise OutcomeUnknown(f"{request.name}: HTTP {status}, request id {request_id}")
    if status != 200:
        advice = WHAT_TO_DO[status]
        raise RequestRefused(
            f"{request.name}: HTTP {status} ({advice}): {response.text[:300]}, request id {request_id}"
        )
    try:
        answer = json.loads(response.content)
    except ValueError as error:
        raise OutcomeUnknown(f"{request.name}: the answer is no JSON ({error}), request id {request_id}") from error
    if not isinstance(answer, dict):
        raise OutcomeUnknown(f"{request.name}: the answer is no JSON object, request id {request_id}")
    return answer


def _cost(answer: Mapping[str, Any]) -> Mapping[str, object]:
    """What an answer says of points; empty if it says nothing. An answer counts without them."""
    extensions = answer.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    return cost if isinstance(cost, dict) else {}


def _data(request: Document, answer: dict[str, Any]) -> dict[str, Any]:
    """The data, if nothing went wrong. An error beside a root field that has an answer came after its execution."""
    data: dict[str, Any] | None = answer.get("data")
    if data is not None and not answer.get("errors"):
        return data
    codes = error_codes(answer)
    described = f"{request.name}: {json.dumps(answer.get('errors'))[:500]}"
    executed = data is not None and any(root is not None for root in data.values())
    if not executed and codes and all(code in REFUSED_BEFORE_EXECUTION or code[:1].islower() for code in codes):
        raise RequestRefused(described)
    raise OutcomeUnknown(described)


def error_codes(answer: Mapping[str, Any]) -> list[str]:
    """The codes of an answer's errors, each empty where there is none."""
    errors = answer.get("errors") or []
    if not isinstance(errors, list):
        return [""]
    extensions = [error.get("extensions") if isinstance(error, dict) else None for error in errors]
    return [str(each.get("code", "")) if isinstance(each, dict) else "" for each in extensions]
