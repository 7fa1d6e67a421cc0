"""Staged uploads: what is given out, and what the upload service takes and refuses."""

from __future__ import annotations

import base64
import json
import re

import httpx
import pytest

from tests.sandbox.shopify import bulk
from tests.sandbox.shopify.shop import Shop, only


def test_a_target_has_its_parameters_in_their_order(shop: Shop) -> None:
    target = bulk.stage(shop)
    assert target["url"] == target["resourceUrl"] == f"{shop.control.url}/staged-uploads/"
    given = bulk.values(target)
    assert list(given) == [
        "Content-Type",
        "success_action_status",
        "acl",
        "key",
        "x-goog-date",
        "x-goog-credential",
        "x-goog-algorithm",
        "x-goog-signature",
        "policy",
    ]
    assert (given["Content-Type"], given["success_action_status"], given["acl"]) == ("text/jsonl", "201", "private")
    assert re.fullmatch(r"tmp/92891250994/bulk/[0-9a-f-]{36}/run\.jsonl", given["key"])
    policy = json.loads(base64.b64decode(given["policy"]))
    assert ["content-length-range", 1, 104857600] in policy["conditions"]


def test_staging_costs_11_points(shop: Shop) -> None:
    cost = shop.post(bulk.STAGE, {"input": [bulk.FILE]})["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 11


def test_a_good_upload_is_answered_with_201_and_its_key(shop: Shop) -> None:
    target = bulk.stage(shop)
    response = bulk.send(target, b"{}\n")
    assert response.status_code == 201
    assert response.text.startswith("<?xml version='1.0' encoding='UTF-8'?><PostResponse><Location>https://storage.")
    assert f"<Key>{bulk.values(target)['key']}</Key>" in response.text


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"key": "tmp/92891250994/bulk/another/run.jsonl"}, 403, "AccessDenied"),
        ({"key": "../../../etc/passwd"}, 403, "AccessDenied"),
        ({"key": None}, 400, "InvalidArgument"),
        ({"Content_Type": "text/plain"}, 403, "AccessDenied"),
        ({"acl": None}, 403, "AccessDenied"),
        ({"policy": "e30="}, 403, "SignatureDoesNotMatch"),
        ({"x_goog_signature": "00"}, 403, "SignatureDoesNotMatch"),
    ],
)
def test_every_parameter_must_be_what_was_given_out(
    shop: Shop, changed: dict[str, str | None], status: int, code: str
) -> None:
    target = bulk.stage(shop)
    response = bulk.send(target, b"{}\n", **changed)
    assert response.status_code == status
    assert f"<Code>{code}</Code>" in response.text
    assert only(bulk.start(shop, bulk.values(target)["key"])["userErrors"])["code"] == "NO_SUCH_FILE"


def test_the_file_comes_last(shop: Shop) -> None:
    target = bulk.stage(shop)
    parts = [("file", ("run.jsonl", b"{}\n", "text/jsonl"))]
    parts += [(name, (None, value)) for name, value in bulk.values(target).items()]  # type: ignore[misc]
    response = httpx.post(target["url"], files=parts, trust_env=False)
    assert (response.status_code, "InvalidArgument" in response.text) == (400, True)


@pytest.mark.parametrize(
    ("size", "code"),
    [(0, "EntityTooSmall"), (1, None), (1000, None), (1001, "EntityTooLarge"), (200_000, "EntityTooLarge")],
)
def test_a_file_has_its_least_and_its_largest_size(shop: Shop, size: int, code: str | None) -> None:
    shop.control.settings(upload_limit=1000)
    response = bulk.send(bulk.stage(shop), b"x" * size)
    if code is None:
        assert response.status_code == 201
    elif size < 100_000:
        assert (response.status_code, f"<Code>{code}</Code>" in response.text) == (400, True)
    else:
        assert response.status_code == 400


def test_a_policy_expires_after_a_day(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    target = bulk.stage(shop)
    shop.control.advance(24 * 3600 + 1)
    response = bulk.send(target, b"{}\n")
    assert (response.status_code, "ExpiredToken" in response.text) == (400, True)


def test_a_body_that_is_no_form(shop: Shop) -> None:
    target = bulk.stage(shop)
    for headers, content in (
        ({"content-type": "text/jsonl"}, b"{}"),
        (
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\ncontent-disposition: form-data; name="key"\r\n\r\nx',
        ),
    ):
        response = httpx.post(target["url"], content=content, headers=headers, trust_env=False)
        assert (response.status_code, "MalformedPOSTRequest" in response.text) == (400, True)


def test_a_file_can_be_put_under_a_signed_address(shop: Shop) -> None:
    target = bulk.stage(shop, httpMethod="PUT")
    assert bulk.values(target) == {"content_type": "text/jsonl", "acl": "private"}
    assert httpx.put(target["resourceUrl"], content=b"{}", trust_env=False).status_code == 403
    assert httpx.put(target["url"], content=b"{}", trust_env=False).status_code == 200
    path = target["resourceUrl"].partition("/staged-uploads/")[2]
    assert bulk.start(shop, path)["userErrors"] == []


def test_put_is_the_method_unless_another_is_asked_for(shop: Shop) -> None:
    wanted = {name: value for name, value in bulk.FILE.items() if name != "httpMethod"}
    target = only(shop.post(bulk.STAGE, {"input": [wanted]})["data"]["stagedUploadsCreate"]["stagedTargets"])
    assert "?x-goog-signature=" in target["url"]


def test_some_tokens_may_not_upload(shop: Shop) -> None:
    shop.control.settings(staged_uploads_denied=True)
    error = only(shop.post(bulk.STAGE, {"input": [bulk.FILE]})["errors"])
    assert error["message"] == "Access denied for stagedUploadsCreate field."
