"""Access tokens: one that lasts, or those that the app's own id and secret are exchanged for, 24 hours each."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from include.shopify.access import Access
from include.shopify.errors import NotSent, RequestRefused, Throttled

logger = logging.getLogger(__name__)

SECONDS_BEFORE_EXPIRY = 300.0
"""How long before its end a token is replaced."""


USUAL_EXCHANGES = 2
"""Tokens that one client asks for at most, as each is good for a day: one, and another one that replaces it."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, and for how many seconds it is still good."""

    token: str = field(repr=False)
    seconds: float


class Token:
    """The token of one shop. Asked for when it is first needed, and again before it expires or when it is refused.

    `exchanges` counts how often it was asked for.

    Args:
        access: The shop, with a token that lasts, or with `client_id` and `client_secret`.
        http: Sends the exchange.
        clock: Seconds, as by `time.monotonic`.
        kept: A token of an earlier client; see `granted`.
    """

    def __init__(
        self,
        access: Access,
        http: httpx.Client,
        clock: Callable[[], float] = time.monotonic,
        kept: Granted | None = None,
    ) -> None:
        self.can_be_renewed = bool(access.client_id)
        self._access, self._http, self._clock = access, http, clock
        self._token = "" if self.can_be_renewed else access.token
        self._until = float("-inf") if self.can_be_renewed else float("inf")
        if self.can_be_renewed and kept is not None:
            self._token, self._until = kept.token, clock() + kept.seconds - SECONDS_BEFORE_EXPIRY
        self.exchanges = 0
        self._lock = threading.Lock()

    @property
    def granted(self) -> Granted | None:
        """The token that this client has asked for last, for the next one; None if it has asked for none."""
        with self._lock:
            if not self.exchanges:
                return None
            return Granted(self._token, self._until + SECONDS_BEFORE_EXPIRY - self._clock())

    def current(self) -> str:
        """A token that is good for some minutes at least.

        Raises:
            ShopifyError: As by `renewed`.
        """
        with self._lock:
            return self._token if self._clock() < self._until else self._exchange()

    def renewed(self, refused: str) -> str:
        """Another token than one that was refused: a new one, unless another thread has asked for it already.

        Raises:
            RequestRefused: Id or secret is wrong.
            Throttled: Asked too often.
            NotSent: There was no answer to use; whatever the token was needed for has not been sent.
        """
        with self._lock:
            return self._exchange() if self._token == refused else self._token

    def _exchange(self) -> str:
        """Exchange the app's id and secret for a new token (client credentials grant)."""
        url = f"{self._access.url.rstrip('/')}/admin/oauth/access_token"
        form = {
            "grant_type": "client_credentials",
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret,
        }
        asked_at = self._clock()
        try:
            response = self._http.post(url, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
        except httpx.HTTPError as error:
            raise NotSent(f"{url}: no access token ({type(error).__name__} {error})") from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Throttled(f"{url}: HTTP 429", retry_after(response))
        if response.is_client_error:
            raise RequestRefused(
                f"{url}: HTTP {response.status_code}: {response.text[:300]}. Expected the app's client id as login and"
                " its client secret as password of the shop's Airflow connection, and the app installed on the shop"
            )
        if not response.is_success:
            raise NotSent(f"{url}: no access token, HTTP {response.status_code}")
        try:
            granted = response.json()
            self._token = str(granted["access_token"])
            self._until = asked_at + float(granted["expires_in"]) - SECONDS_BEFORE_EXPIRY
        except (ValueError, KeyError, TypeError) as error:
            raise NotSent(f"{url}: the answer holds no access token ({type(error).__name__})") from error
        self.exchanges += 1
        if self.exchanges > USUAL_EXCHANGES:
            logger.warning(
                "%s: asked for an access token %s times in one run, where one lasts for a day: Shopify refuses each"
                " soon after it was granted. See whether the app is being installed anew, or its secret rotated, over"
                " and over; the run goes on meanwhile",
                self._access.url,
                self.exchanges,
            )
        return self._token


def retry_after(response: httpx.Response) -> float:
    """Seconds to wait by the header `Retry-After`; two where it is missing or a date."""
    try:
        return max(0.5, float(response.headers.get("Retry-After", "2")))
    except ValueError:
        return 2.0
