"""Bulk queries: started, asked after, and their results read line by line, never as a whole.

The results lie under a signed address at a storage service, which is given no token of the shop. No snapshot: a level
may change while others are still being written, so what an export shows is where to look, and proves nothing.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import httpx

from include.errors import NeedsAction, TryAgain
from include.shopify import storage
from include.shopify.client import Client, document
from include.shopify.errors import RequestRefused, ShopifyError

LONGEST_LINE = 1 << 20
"""Bytes that one line of results may have: an item or a level has a few hundred."""

SECONDS_OF_SILENCE = 60.0
"""How long the storage service may send nothing."""


class ExportRefused(ShopifyError, NeedsAction):
    """The app may not read what the query asks for."""


class ExportFailed(ShopifyError, TryAgain):
    """The operation or its download came to nothing by no fault of the request. It only reads: run it again."""


class ResultsGone(ExportFailed):
    """The storage service has no such results, or has them no longer: they are kept for seven days."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk query is. `url` is where its results are, once it is done; None if there are none."""

    operation_id: str
    is_done: bool
    objects: int
    url: str | None


@dataclass(frozen=True, slots=True)
class ExportedLevel:
    """What a level showed when its line was written, and whether Shopify counts its item at all."""

    inventory_item_id: str
    location_id: str
    available: int
    committed: int
    tracked: bool = True


def start(client: Client, name: str) -> str:
    """Start a bulk query.

    Args:
        client: The shop.
        name: The document in `documents/` to run.

    Returns:
        The id of the operation.

    Raises:
        ExportFailed: Five are running already, or Shopify takes no more for now.
        RequestRefused: The query is not one that can be run.
        ShopifyError: As by the client. Starting it again does no harm.
    """
    data = client.execute(document("BulkRunQuery"), json.dumps({"query": document(name).text}))
    payload = data["bulkOperationRunQuery"]
    errors = payload["userErrors"]
    described = f"{name}: " + "; ".join(f"{error['code']}: {error['message']}" for error in errors)
    if any(error["code"] in ("OPERATION_IN_PROGRESS", "LIMIT_REACHED") for error in errors):
        raise ExportFailed(f"{described}; tried again by itself once one has ended")
    if errors:
        raise RequestRefused(described)
    operation_id: str = payload["bulkOperation"]["id"]
    return operation_id


def progress(client: Client, operation_id: str) -> Progress:
    """Ask how far a bulk query is.

    Raises:
        ExportRefused: It has ended for want of an access scope.
        ExportFailed: It has ended without results, or is not known.
        ShopifyError: As by the client.
    """
    found = client.execute(document("BulkQueryStatus"), json.dumps({"id": operation_id}))["bulkOperation"]
    if found is None:
        raise ExportFailed(f"bulk operation {operation_id}: Shopify does not know it; start it anew")
    status, code = found["status"], found["errorCode"]
    if code == "ACCESS_DENIED":
        raise ExportRefused(
            f"bulk operation {operation_id}: {status}, ACCESS_DENIED; grant the app read_inventory, read_products and"
            " read_locations"
        )
    if status in ("FAILED", "CANCELED", "CANCELING", "EXPIRED"):
        raise ExportFailed(f"bulk operation {operation_id}: {status}, {code or 'no error code'}; start it anew")
    is_done = status == "COMPLETED"
    return Progress(operation_id, is_done, int(found["objectCount"]), found["url"] if is_done else None)


def levels(client: Client, url: str | None) -> Iterator[ExportedLevel]:
    """Read the levels in the results of `AllLevels`, as they come over the wire.

    Args:
        client: The shop that gave the address.
        url: Where the results are; None: there are none.

    Raises:
        AddressNotOpened: The address is not one of the storage service.
        ExportFailed: The download broke off, or is not what was asked for.
    """
    untracked: set[str] = set()
    for line in result_lines(client, url):
        try:
            node = json.loads(line)
            if "__parentId" not in node:  # an item, which comes before its levels
                if not node["tracked"]:
                    untracked.add(node["id"])
                continue
            item, units = node["__parentId"], {each["name"]: each["quantity"] for each in node["quantities"]}
            is_tracked = item not in untracked
            yield ExportedLevel(item, node["location"]["id"], units["available"], units["committed"], is_tracked)
        except (ValueError, KeyError, TypeError) as error:
            raise ExportFailed(
                f"results of a bulk query: {line[:200]!r} is no item and no level ({error!r})"
            ) from error


def result_lines(client: Client, url: str | None) -> Iterator[bytes]:
    """The lines of an operation's results, as they come over the wire.

    Args:
        client: The shop that gave the address.
        url: Where the results are; None: there are none.

    Raises:
        AddressNotOpened: The address is not one of the storage service.
        ExportFailed: The download broke off.
    """
    if url is not None:
        storage.check_address(url, client.access)
        yield from _lines(_blocks(url))


def download(client: Client, url: str, into: IO[bytes]) -> None:
    """Write an operation's results into a file, as they come over the wire; arguments and errors as `result_lines`.

    Raises:
        ResultsGone: They are not there any more.
    """
    storage.check_address(url, client.access)
    for block in _blocks(url):
        into.write(block)


def _blocks(url: str) -> Iterator[bytes]:
    try:
        timeout = httpx.Timeout(SECONDS_OF_SILENCE)
        with httpx.stream("GET", url, timeout=timeout, trust_env=False, follow_redirects=False) as response:
            if response.status_code != 200:
                gone = response.is_client_error and response.status_code not in (408, 429)
                failure = ResultsGone if gone else ExportFailed
                raise failure(f"results of a bulk operation: HTTP {response.status_code}; start a query anew")
            yield from response.iter_bytes()
    except httpx.HTTPError as error:
        raise ExportFailed(f"results of a bulk operation: the download broke off ({error!r})") from error


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from filter(None, whole)
        if len(rest) > LONGEST_LINE:
            raise ExportFailed(f"results of a bulk query: a line longer than {LONGEST_LINE:,} bytes")
    if rest:
        yield rest
