"""Tokens that are asked for and expire, what each opens, and shops that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.sandbox import shopify
from tests.sandbox.shopify.shop import ADJUST, ITEMS, Shop, given, only, row

CLIENT = {"grant_type": "client_credentials", "client_id": "sandbox-app", "client_secret": "shpss_sandbox"}
WRONG = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


def ask(shop: Shop, **changed: str) -> httpx.Response:
    url = f"{shop.control.url}/admin/oauth/access_token"
    return httpx.post(url, data={**CLIENT, **changed}, trust_env=False)


def status(shop: Shop, token: str) -> int:
    return shop.http("{ shop { id } }", token=token).status_code


def test_a_token_lasts_for_24_hours_of_the_shops_clock(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    answer = ask(shop).json()
    assert answer.keys() == {"access_token", "scope", "expires_in"}
    assert answer["expires_in"] == 86399
    assert answer["scope"].split(",") == shop.control.settings()["scopes"]
    token = answer["access_token"]
    assert re.fullmatch(r"shpat_[0-9a-f]{32}", token)
    assert status(shop, token) == 200
    shop.control.advance(86399)
    assert status(shop, token) == 200
    shop.control.advance(1)
    response = shop.http("{ shop { id } }", token=token)
    assert (response.status_code, response.json()) == (401, WRONG)
    fresh = ask(shop).json()["access_token"]
    assert fresh != token
    assert status(shop, fresh) == 200


def test_a_request_on_its_way_is_not_stopped_by_a_token_that_expires(shop: Shop) -> None:
    shop.control.settings(clock_rate=0, token_seconds=10)
    answer = ask(shop).json()
    assert answer["expires_in"] == 9
    assert shop.http(ADJUST, {"input": given(row()), "key": "k"}, token=answer["access_token"]).status_code == 200
    shop.control.advance(10)
    assert shop.http(ADJUST, {"input": given(row()), "key": "k"}, token=answer["access_token"]).status_code == 401
    assert shop.quantities()["available"] == 11


@pytest.mark.parametrize(
    ("changed", "code", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
    ],
)
def test_who_gets_no_token(shop: Shop, changed: dict[str, str], code: int, error: str) -> None:
    response = ask(shop, **changed)
    assert (response.status_code, response.json()["error"]) == (code, error)


def refresh(shop: Shop, token: str, **changed: str) -> httpx.Response:
    return ask(shop, grant_type="refresh_token", refresh_token=token, **changed)


def test_an_expiring_token_is_refreshed_and_the_refresh_token_changes(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    first = shop.control.install()
    assert (first["expires_in"], first["refresh_token_expires_in"]) == (3599, 7_775_999)
    assert status(shop, first["access_token"]) == 200
    shop.control.advance(3600)
    assert status(shop, first["access_token"]) == 401
    second = refresh(shop, first["refresh_token"]).json()
    assert second.keys() == first.keys()
    assert second["scope"] == first["scope"]
    assert status(shop, second["access_token"]) == 200
    assert {first["access_token"], first["refresh_token"]}.isdisjoint({second["access_token"], second["refresh_token"]})


def test_an_answer_to_a_refresh_that_is_lost_can_be_asked_for_again(shop: Shop) -> None:
    first = shop.control.install()
    lost = refresh(shop, first["refresh_token"]).json()
    second = refresh(shop, first["refresh_token"]).json()
    assert status(shop, second["access_token"]) == 200
    assert refresh(shop, lost["refresh_token"]).json()["error"] == "invalid_grant"
    third = refresh(shop, second["refresh_token"]).json()
    assert status(shop, third["access_token"]) == 200
    refused = refresh(shop, first["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), "the newer one was used"


def test_a_refresh_token_needs_its_app_and_lasts_for_90_days(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    token = shop.control.install()["refresh_token"]
    assert refresh(shop, token, client_secret="wrong").status_code == 401
    assert refresh(shop, "shprt_guessed").json()["error"] == "invalid_grant"
    shop.control.advance(7_776_000)
    assert refresh(shop, token).json()["error"] == "invalid_grant"


def test_the_form_is_urlencoded(shop: Shop) -> None:
    response = httpx.post(f"{shop.control.url}/admin/oauth/access_token", json=CLIENT, trust_env=False)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_token_keeps_the_scopes_with_which_it_was_made(shop: Shop) -> None:
    shop.control.settings(scopes=["read_inventory"])
    token = ask(shop).json()["access_token"]
    shop.control.settings(scopes=["write_inventory"])
    body = shop.http(ADJUST, {"input": given(row()), "key": "k"}, token=token).json()
    assert only(body["errors"])["extensions"]["code"] == "ACCESS_DENIED"
    assert shop.codes(row()) == []


def test_each_token_may_have_scopes_of_its_own(shop: Shop) -> None:
    shop.control.settings(tokens=[shop.control.token, "reader"], token_scopes={"reader": ["read_inventory"]})
    body: dict[str, Any] = shop.http(ADJUST, {"input": given(row()), "key": "k"}, token="reader").json()
    needed = "`write_inventory` access scope. Also: The user must have a permission to apply changes to inventory"
    assert only(body["errors"])["extensions"]["requiredAccess"] == f"{needed} quantities."
    assert body["data"] == {"inventoryAdjustQuantities": None}
    item = f'{{ inventoryItem(id: "{ITEMS[0]}") {{ id }} }}'
    assert shop.http(item, token="reader").json()["data"] == {"inventoryItem": {"id": ITEMS[0]}}
    assert shop.codes(row()) == []
    url = f"{shop.control.url}/admin/oauth/access_scopes.json"
    response = httpx.get(url, headers={"X-Shopify-Access-Token": "reader"}, trust_env=False)
    assert response.json() == {"access_scopes": [{"handle": "read_inventory"}]}
    assert httpx.get(url, trust_env=False).status_code == 401


@pytest.mark.parametrize("code", [402, 403, 404, 423, 430])
def test_a_shop_that_cannot_be_used(shop: Shop, code: int) -> None:
    shop.control.settings(shop_status=code)
    response = shop.http(ADJUST, {"input": given(row()), "key": "k"})
    assert response.status_code == code
    assert isinstance(response.json()["errors"], str)
    assert ask(shop).status_code == code
    shop.control.settings(shop_status=None)
    assert shop.codes(row()) == []


def test_a_token_outlives_the_process(tmp_path: Path) -> None:
    with shopify.running(tmp_path) as emulator:
        shop = Shop(emulator)
        token = ask(shop).json()["access_token"]
        shop.close()
    with shopify.running(tmp_path) as emulator:
        shop = Shop(emulator)
        assert status(shop, token) == 200
        shop.close()


def test_a_fault_speaks_as_the_status_does(shop: Shop) -> None:
    shop.control.fault("status", status=401)
    response = shop.http("{ shop { id } }")
    assert (response.status_code, response.json()) == (401, WRONG)
