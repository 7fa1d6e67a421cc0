"""Addresses that come in answers: only Shopify's storage is opened, and nobody is sent on from there."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from include.shopify import bulk_mutation, bulk_query, storage
from include.shopify.access import Access
from include.shopify.bulk_mutation import UploadFailed
from include.shopify.bulk_query import ExportFailed
from include.shopify.client import Client, document
from include.shopify.errors import RequestRefused
from include.shopify.storage import AddressNotOpened

SHOP = Access("https://shop.myshopify.com", "secret-token")


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.googleapis.com/x",
        "http://127.0.0.1:80/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://[::1]/x",
        "https://[fd00:ec2::254]/x",
        "https://0x7f000001/x",
        "https://2130706433/x",
        "https://localhost/x",
        "https://storage.googleapis.com.example.com/x",
        "https://example.com/storage.googleapis.com",
        "https://example.com#storage.googleapis.com",
        "https://example.com\\@storage.googleapis.com/x",
        "https://storage.googleapis.com@example.com/x",
        "https://user:secret@storage.googleapis.com/x",
        "https://storage.googleapis.com:8443/x",
        "https://storage.googleapis.com:port/x",
        "https://[storage.googleapis.com/x",
        "https://evil.storage.googleapis.com/x",
        "https://shop.myshopify.com/x",
        "file:///etc/passwd",
        "gopher://storage.googleapis.com/x",
        "https:///x",
        "//storage.googleapis.com/x",
        "",
    ],
)
def test_an_address_that_leads_elsewhere_is_not_opened(url: str) -> None:
    with pytest.raises(AddressNotOpened) as refused:
        storage.check_address(url, SHOP)
    assert "secret" not in str(refused.value)
    assert "not opened" in str(refused.value)
    with Client(SHOP) as client, pytest.raises(AddressNotOpened):
        list(bulk_query.result_lines(client, url))


def test_addresses_that_are_opened() -> None:
    storage.check_address("https://storage.googleapis.com/shopify-tiers-assets/x-final?Expires=1&Signature=y", SHOP)
    storage.check_address("https://shopify-staged-uploads.storage.googleapis.com/", SHOP)
    storage.check_address("HTTPS://Storage.GoogleAPIs.com:443/x", SHOP)


def test_a_host_that_shopify_begins_to_use_is_entered_in_the_connection() -> None:
    with pytest.raises(AddressNotOpened, match="'storage_hosts' in the extra"):
        storage.check_address("https://storage.shopifycloud.com/x", SHOP)
    moved = Access(SHOP.url, SHOP.token, storage_hosts=("storage.shopifycloud.com", "10.0.0.1", "localhost"))
    storage.check_address("https://storage.shopifycloud.com/x", moved)
    for url in ("https://10.0.0.1/x", "https://localhost/x", "http://storage.shopifycloud.com/x"):
        with pytest.raises(AddressNotOpened):
            storage.check_address(url, moved)


def test_this_machine_is_opened_for_a_shop_on_this_machine_only() -> None:
    sandbox = Access("http://127.0.0.1:4711", "token")
    storage.check_address("http://127.0.0.1:4711/bulk-results/1.jsonl", sandbox)
    for url in ("http://user@127.0.0.1/x", "http://localhost/x", "http://10.0.0.1/x", "https://10.0.0.1/x"):
        with pytest.raises(AddressNotOpened):
            storage.check_address(url, sandbox)
    assert not Access("https://127.0.0.1", "token").is_sandbox
    for url in ("http://shop.myshopify.com", "ftp://127.0.0.1", "http://localhost", "127.0.0.1"):
        with pytest.raises(RequestRefused, match="https only"):
            Client(Access(url, "token"))


@dataclass
class Elsewhere:
    """A server on this machine that sends everybody on to another path of its own."""

    url: str
    asked: list[str] = field(default_factory=list)
    status: int = 302
    tokens: list[str | None] = field(default_factory=list)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    found = Elsewhere("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            found.tokens.append(self.headers.get("X-Shopify-Access-Token"))
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(found.status)
            self.send_header("Location", f"{found.url}/within")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the base class's way

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_on_from_the_storage(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    elsewhere.status = status
    with Client(Access(elsewhere.url, "secret-token")) as client:
        with pytest.raises(ExportFailed, match=f"HTTP {status}"):
            list(bulk_query.result_lines(client, f"{elsewhere.url}/results"))
        target = {"url": f"{elsewhere.url}/uploads", "parameters": [{"name": "key", "value": "k"}]}
        answer = {"stagedUploadsCreate": {"stagedTargets": [target], "userErrors": []}}
        monkeypatch.setattr(client, "execute", lambda *_: answer)
        with pytest.raises(UploadFailed, match=f"HTTP {status}"):
            bulk_mutation.upload(client, "x.jsonl", io.BytesIO(b"{}\n"))
    assert elsewhere.asked == ["/results", "/uploads"]
    assert elsewhere.tokens == [None, None], "the storage service is given no token of the shop"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_is_not_sent_on_to_where_a_shop_has_moved(elsewhere: Elsewhere, status: int) -> None:
    elsewhere.status = status
    with (
        Client(Access(elsewhere.url, "secret-token")) as client,
        pytest.raises(RequestRefused, match="the shop's address has moved") as refused,
    ):
        client.execute_once(document("AppScopes"), json.dumps({}))
    assert len(elsewhere.asked) == 1
    assert "secret-token" not in str(refused.value)


def test_nor_are_id_and_secret_of_the_app(elsewhere: Elsewhere) -> None:
    with (
        Client(Access(elsewhere.url, "", client_id="id", client_secret="secret")) as client,
        pytest.raises(Exception, match="no access token"),
    ):
        client.execute_once(document("AppScopes"), json.dumps({}))
    assert elsewhere.asked == ["/admin/oauth/access_token"]
