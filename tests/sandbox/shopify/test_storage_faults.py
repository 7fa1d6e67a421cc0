"""The storage service's own troubles: uploads that it does not take, results that do not come whole."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.sandbox.shopify import bulk
from tests.sandbox.shopify.shop import ITEMS, Shop, only


@pytest.fixture
def url(shop: Shop) -> str:
    """Where the results of a mutation of four lines are."""
    operation = bulk.run(shop, bulk.lines(ITEMS))
    return str(bulk.wait_until(shop, operation, "COMPLETED")["url"])


def test_an_upload_that_is_not_taken_is_not_there(shop: Shop) -> None:
    target = bulk.stage(shop)
    shop.control.fault("upload_status", status=500)
    assert bulk.send(target, bulk.lines(ITEMS)).status_code == 500
    path = bulk.values(target)["key"]
    assert only(bulk.start(shop, path)["userErrors"])["code"] == "NO_SUCH_FILE"
    assert bulk.send(target, bulk.lines(ITEMS)).status_code == 201
    assert bulk.start(shop, path)["userErrors"] == []


def test_a_download_that_breaks_off(shop: Shop, url: str) -> None:
    shop.control.fault("results_broken_off", after_bytes=100)
    with pytest.raises(httpx.RemoteProtocolError, match="received 100 bytes"):
        httpx.get(url, trust_env=False)
    assert bulk.numbered(url).keys() == {0, 1, 2, 3}, "only once"


@pytest.mark.parametrize("size", [0, 1, 150])
def test_results_that_end_too_early_look_whole(shop: Shop, url: str, size: int) -> None:
    whole = httpx.get(url, trust_env=False).content
    shop.control.fault("results_truncated", after_bytes=size)
    response = httpx.get(url, trust_env=False)
    assert (response.status_code, response.content) == (200, whole[:size])
    assert httpx.get(url, trust_env=False).content == whole


def test_a_line_of_results_that_is_no_json(shop: Shop, url: str) -> None:
    shop.control.fault("results_malformed", line=2)
    lines = httpx.get(url, trust_env=False).text.splitlines()
    with pytest.raises(ValueError, match=r".*"):
        json.loads(lines.pop(2))
    assert len([json.loads(line) for line in lines]) == 3
    shop.control.fault("results_malformed", line=9)
    assert bulk.numbered(url).keys() == {0, 1, 2, 3}, "there is no such line"
