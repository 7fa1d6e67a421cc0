"""Bulk queries: started, waited for and streamed over HTTP from the emulator; addresses that are not opened."""

import time

import httpx
import pytest

from include.sandbox.shopify import Emulator
from include.shopify import bulk_query
from include.shopify.bulk_query import ExportedLevel, ExportFailed, ExportRefused
from include.shopify.client import Client

LOCATIONS = ["gid://shopify/Location/1", "gid://shopify/Location/2"]


def stocked(emulator: Emulator, items: int) -> set[ExportedLevel]:
    """A shop whose levels each show another number; the last item is inactive at the second location."""
    levels = [
        ExportedLevel(f"gid://shopify/InventoryItem/{item}", location, item * 10 + place, 0)
        for item in range(1, items + 1)
        for place, location in enumerate(LOCATIONS)
    ]
    emulator.seed(
        [{"id": location, "name": location} for location in LOCATIONS],
        [{"id": f"gid://shopify/InventoryItem/{item}"} for item in range(1, items + 1)],
        [
            {
                "inventoryItemId": each.inventory_item_id,
                "locationId": each.location_id,
                "available": each.available,
                "active": each is not levels[-1],
            }
            for each in levels
        ],
    )
    emulator.settings(bulk_start_seconds=0, bulk_lines_per_second=100_000)
    return set(levels)


def finished(client: Client, operation_id: str) -> str | None:
    until = time.monotonic() + 20
    while not (found := bulk_query.progress(client, operation_id)).is_done:
        assert time.monotonic() < until
        time.sleep(0.02)
    return found.url


def test_every_level_comes_once_inactive_ones_included(emulator: Emulator, client: Client) -> None:
    expected = stocked(emulator, 300)
    url = finished(client, bulk_query.start(client, "AllLevels"))
    found = list(bulk_query.levels(client, url))
    assert len(found) == 600
    assert set(found) == expected


def test_a_shop_without_items_has_no_results(emulator: Emulator, client: Client) -> None:
    emulator.settings(bulk_start_seconds=0)
    assert list(bulk_query.levels(client, finished(client, bulk_query.start(client, "AllLevels")))) == []


def test_an_export_that_failed_or_is_unknown_may_be_run_again(emulator: Emulator, client: Client) -> None:
    stocked(emulator, 3)
    emulator.fault("bulk_failed", after_lines=1)
    operation = bulk_query.start(client, "AllLevels")
    with pytest.raises(ExportFailed, match="FAILED"):
        finished(client, operation)
    with pytest.raises(ExportFailed, match="does not know it"):
        bulk_query.progress(client, "gid://shopify/BulkOperation/1")


def test_a_sixth_export_waits_for_one_of_the_five(emulator: Emulator, client: Client) -> None:
    stocked(emulator, 3)
    emulator.settings(bulk_start_seconds=1000)
    for _ in range(5):
        bulk_query.start(client, "AllLevels")
    with pytest.raises(ExportFailed, match="OPERATION_IN_PROGRESS"):
        bulk_query.start(client, "AllLevels")


def test_a_missing_scope_says_what_to_grant(emulator: Emulator, client: Client) -> None:
    stocked(emulator, 3)
    emulator.settings(token_scopes={emulator.token: ["read_orders"]})
    try:
        with pytest.raises(ExportRefused, match="grant the app read_inventory"):
            finished(client, bulk_query.start(client, "AllLevels"))
    finally:
        emulator.settings(token_scopes={})


def test_a_download_that_breaks_off_or_has_expired_is_not_taken_for_the_whole(
    emulator: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(emulator, 300)
    url = finished(client, bulk_query.start(client, "AllLevels"))
    assert url is not None

    def torn(self: httpx.Response) -> object:
        yield b'{"id":"gid:\\/\\/shopify\\/InventoryItem\\/1","tracked":true}\n'
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")

    with monkeypatch.context() as patched:
        patched.setattr(httpx.Response, "iter_bytes", torn)
        with pytest.raises(ExportFailed, match="broke off"):
            list(bulk_query.levels(client, url))
    with pytest.raises(ExportFailed, match="HTTP 403"):
        list(bulk_query.levels(client, url + "0"))
    emulator.advance(8 * 24 * 3600)
    with pytest.raises(ExportFailed, match="HTTP 400"):
        list(bulk_query.levels(client, url))


def test_lines_are_whole_however_the_blocks_are_cut() -> None:
    text = b'{"a":1}\n\n{"b":2}\n{"c":3}'
    for size in range(1, len(text) + 1):
        blocks = [text[at : at + size] for at in range(0, len(text), size)]
        assert list(bulk_query._lines(blocks)) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    with pytest.raises(ExportFailed, match="longer than"):
        list(bulk_query._lines([b"x" * (bulk_query.LONGEST_LINE + 1)]))
