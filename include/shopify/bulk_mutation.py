"""Bulk mutations: a file of variables is uploaded, one operation works through it, the results say what became of each.

The operation's own text carries a name that we choose: so it can be found again if the answer to its start is lost.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import httpx

from include.errors import TryAgain
from include.shopify import bulk_query, storage
from include.shopify.client import REFUSED_BEFORE_EXECUTION, Client, Document, document, error_codes
from include.shopify.errors import OutcomeUnknown, RequestRefused, ShopifyError

MOST_AT_A_TIME = 5
"""Bulk mutations of one app that Shopify runs at the same time in one shop."""

LARGEST_FILE = 100_000_000
"""Bytes that we put into one file; Shopify takes 104,857,600."""

SECONDS_TO_UPLOAD = 300.0


class NoRoom(ShopifyError, TryAgain):
    """As many operations as Shopify allows are running. Nothing was started."""


class UploadFailed(ShopifyError, TryAgain):
    """The file could not be uploaded, or is gone again. Nothing was started."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation has ended: its status, and where the results are of the lines that it has done."""

    status: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line: its data, or the errors that were answered in its place.

    `errors` are shortened; `is_refused` says whether the line was surely refused before it was carried out.
    """

    line_number: int
    data: dict[str, Any] | None
    errors: str
    is_refused: bool


def named(name: str) -> str:
    """The mutation that a file of adjustments runs, under a name of our own."""
    return document("InventoryAdjust").text.partition("\n")[2].replace("InventoryAdjust(", f"{name}(", 1)


def upload(client: Client, name: str, content: IO[bytes]) -> str:
    """Upload a file of variables, piece by piece.

    Args:
        client: The shop.
        name: The file's name.
        content: JSON Lines, in a file on disk.

    Returns:
        The path by which an operation is given the file.

    Raises:
        RequestRefused: The app may not upload.
        AddressNotOpened: The address is not one of the storage service.
        UploadFailed: The storage service did not take it.
        ShopifyError: As by the client.
    """
    wanted = {"resource": "BULK_MUTATION_VARIABLES", "filename": name, "mimeType": "text/jsonl", "httpMethod": "POST"}
    payload = client.execute(document("StagedUpload"), json.dumps({"input": [wanted]}))["stagedUploadsCreate"]
    if payload["userErrors"]:
        raise RequestRefused(f"{name}: " + "; ".join(error["message"] for error in payload["userErrors"]))
    (target,) = payload["stagedTargets"]
    storage.check_address(target["url"], client.access)
    parameters = {each["name"]: each["value"] for each in target["parameters"]}
    # The storage service is given no token of the shop. The file comes last.
    parts: list[Any] = [(key, (None, value)) for key, value in parameters.items()]
    parts.append(("file", (name, content, "text/jsonl")))
    try:
        response = httpx.post(
            target["url"], files=parts, timeout=SECONDS_TO_UPLOAD, trust_env=False, follow_redirects=False
        )
    except httpx.HTTPError as error:
        raise UploadFailed(f"{name}: the upload broke off ({error!r}); nothing was started") from error
    if response.status_code != httpx.codes.CREATED:
        raise UploadFailed(f"{name}: the upload was answered by HTTP {response.status_code}: {response.text[:300]}")
    return str(parameters["key"])


def start(client: Client, name: str, path: str, request: Document | None = None) -> str:
    """Start an operation over an uploaded file, once.

    Args:
        client: The shop.
        name: By which `find` finds it.
        path: What `upload` has returned.
        request: `BulkRunMutation`, if it must leave by some moment.

    Returns:
        The operation's id.

    Raises:
        NoRoom: Too many are running.
        UploadFailed: The file is gone.
        NotSent, RequestRefused, Throttled: Surely not started.
        OutcomeUnknown: It may have been started. Never ask for it again: `find` it.
    """
    variables = json.dumps({"mutation": named(name), "path": path, "identifier": f"trueup-{name}"})
    payload = client.execute_once(request or document("BulkRunMutation"), variables)["bulkOperationRunMutation"]
    errors = payload["userErrors"]
    codes = {error["code"] for error in errors}
    described = f"{name}: " + "; ".join(f"{error['code']}: {error['message']}" for error in errors)
    if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise NoRoom(described)
    if codes & {"NO_SUCH_FILE", "INVALID_STAGED_UPLOAD_FILE"}:
        raise UploadFailed(described)
    if codes & {"INTERNAL_FILE_SERVER_ERROR"}:
        raise OutcomeUnknown(described)
    if errors:
        raise RequestRefused(described)
    operation_id: str = payload["bulkOperation"]["id"]
    return operation_id


def find(client: Client, name: str) -> str | None:
    """The id of the operation that was started under a name, or None if none of the newest 50 was.

    Raises:
        ShopifyError: As by the client.
    """
    data = client.execute(document("BulkMutations"), "{}")
    mark = f"mutation {name}("
    return next((str(each["id"]) for each in data["bulkOperations"]["nodes"] if mark in each["query"]), None)


def ended(client: Client, operation_id: str) -> Ended | None:
    """How an operation has ended, or None while it runs.

    Raises:
        ShopifyError: As by the client.
    """
    found = client.execute(document("BulkMutationStatus"), json.dumps({"id": operation_id}))["bulkOperation"]
    if found is None:
        return Ended("UNKNOWN TO SHOPIFY", None)
    if found["status"] in ("CREATED", "RUNNING", "CANCELING"):
        return None
    return Ended(found["status"], found["url"] or found["partialDataUrl"])


def results(client: Client, url: str) -> Iterator[Result | None]:
    """Read what became of the lines, in whatever order, from a copy on disk. Lines that were not reached are left out.

    Args:
        client: The shop that gave the address.
        url: Where the results are.

    Yields:
        What became of a line; None for what cannot be read, of which nobody can say what line it speaks of.

    Raises:
        ExportFailed: The download broke off. Nothing was yielded; read it again.
        ResultsGone: There are no such results any more.
        AddressNotOpened: The address is not one of the storage service.
    """
    with tempfile.TemporaryFile() as copy:
        bulk_query.download(client, url, copy)
        copy.seek(0)
        while line := copy.readline(bulk_query.LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) == bulk_query.LONGEST_LINE:
                _skip_line(copy)
                yield None
            elif line.strip():
                yield read_result(line)


def read_result(line: bytes) -> Result | None:
    """Read a line of results; None if it is none."""
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    number = answer.get("__lineNumber") if isinstance(answer, dict) else None
    if type(number) is not int:
        return None
    data = answer.get("data")
    described = json.dumps(answer.get("errors") or "")[:500]
    return Result(number, data if isinstance(data, dict) else None, described, _is_refused(answer))


def _skip_line(copy: IO[bytes]) -> None:
    while (rest := copy.readline(bulk_query.LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


def _is_refused(answer: Mapping[str, Any]) -> bool:
    errors = answer.get("errors")
    if answer.get("data") or not isinstance(errors, list):
        return False
    codes = error_codes(answer)
    return bool(codes) and all(code in REFUSED_BEFORE_EXECUTION or code[:1].islower() for code in codes)
