"""What the token endpoint may answer, besides a token."""

import httpx
import pytest

from include.shopify.access import Access
from include.shopify.errors import Throttled
from include.shopify.tokens import Token


@pytest.mark.parametrize(
    ("told", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 2.0), (None, 2.0)], ids=str
)
def test_asked_too_often_is_throttled_however_it_is_said(told: str | None, seconds: float) -> None:
    headers = {} if told is None else {"Retry-After": told}
    answers = httpx.MockTransport(lambda _: httpx.Response(429, headers=headers))
    with httpx.Client(transport=answers) as http, pytest.raises(Throttled) as refusal:
        Token(Access("https://demo.myshopify.com", "", client_id="id", client_secret="secret"), http).current()
    assert refusal.value.seconds == seconds
    assert "secret" not in str(refusal.value)
