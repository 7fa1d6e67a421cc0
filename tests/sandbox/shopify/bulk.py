"""What the tests do with bulk operations: upload, start, wait, read the results."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.sandbox.shopify.shop import Shop, given, only, row, wait_for

STAGE = """mutation Stage($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url resourceUrl parameters { name value } }
    userErrors { field message }
  }
}"""

RUN = """mutation Run($mutation: String!, $path: String!, $identifier: String) {
  bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path, clientIdentifier: $identifier) {
    bulkOperation { id status objectCount rootObjectCount fileSize url completedAt type }
    userErrors { field message code }
  }
}"""

RUN_QUERY = """mutation RunQuery($query: String!, $grouped: Boolean! = false) {
  bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
    bulkOperation { id status objectCount }
    userErrors { field message code }
  }
}"""

GET = """query Get($id: ID!) {
  bulkOperation(id: $id) {
    id status errorCode objectCount rootObjectCount fileSize url partialDataUrl createdAt completedAt type query
  }
}"""

CANCEL = """mutation Cancel($id: ID!) {
  bulkOperationCancel(id: $id) { bulkOperation { id status } userErrors { field message } }
}"""

INNER = """mutation BulkAdjust($input: InventoryAdjustQuantitiesInput!, $idempotencyKey: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $idempotencyKey) {
    inventoryAdjustmentGroup { id referenceDocumentUri }
    userErrors { field message code }
  }
}"""

FILE = {"resource": "BULK_MUTATION_VARIABLES", "filename": "run.jsonl", "mimeType": "text/jsonl", "httpMethod": "POST"}


def stage(shop: Shop, **fields: object) -> dict[str, Any]:
    """Ask for a target."""
    payload = shop.post(STAGE, {"input": [{**FILE, **fields}]})["data"]["stagedUploadsCreate"]
    assert payload["userErrors"] == []
    target: dict[str, Any] = only(payload["stagedTargets"])
    return target


def values(target: Mapping[str, Any]) -> dict[str, str]:
    """A target's parameters."""
    return {each["name"]: each["value"] for each in target["parameters"]}


def send(target: Mapping[str, Any], content: bytes, **changed: str | None) -> httpx.Response:
    """Upload to a target, with some parameters changed or (None) left out."""
    given = {**values(target), **{name.replace("_", "-"): value for name, value in changed.items()}}
    parts: list[Any] = [(name, (None, value)) for name, value in given.items() if value is not None]
    parts.append(("file", ("run.jsonl", content, "text/jsonl")))
    return httpx.post(str(target["url"]), files=parts, trust_env=False)


def upload(shop: Shop, content: bytes) -> str:
    """Upload a file and return its path for the mutation."""
    target = stage(shop)
    response = send(target, content)
    assert response.status_code == 201, response.text
    return values(target)["key"]


def line(*rows: dict[str, Any], key: str | None = None) -> bytes:
    """One line of input: an adjustment with its own key."""
    return json.dumps({"input": given(*rows), "idempotencyKey": key or str(uuid.uuid4())}).encode()


def lines(items: Sequence[str], delta: int = 1, expected: int | None = 10) -> bytes:
    """Input that adjusts each item once."""
    return b"\n".join(line(row(item, delta, expected)) for item in items) + b"\n"


def start(shop: Shop, path: str, mutation: str = INNER, identifier: str | None = None) -> dict[str, Any]:
    """Start a mutation; returns the payload."""
    variables = {"mutation": mutation, "path": path, "identifier": identifier}
    payload: dict[str, Any] = shop.post(RUN, variables)["data"]["bulkOperationRunMutation"]
    return payload


def run(shop: Shop, content: bytes) -> str:
    """Upload and start; returns the operation's id."""
    payload = start(shop, upload(shop, content))
    assert payload["userErrors"] == []
    return str(payload["bulkOperation"]["id"])


def query(shop: Shop, text: str, *, grouped: bool = False) -> str:
    """Start an export; returns the operation's id."""
    payload = shop.post(RUN_QUERY, {"query": text, "grouped": grouped})["data"]["bulkOperationRunQuery"]
    assert payload["userErrors"] == []
    return str(payload["bulkOperation"]["id"])


def get(shop: Shop, operation: str) -> dict[str, Any]:
    """An operation as the Admin API shows it."""
    found: dict[str, Any] = shop.post(GET, {"id": operation})["data"]["bulkOperation"]
    return found


def wait_until(shop: Shop, operation: str, status: str) -> dict[str, Any]:
    """Poll until an operation is in a state."""
    wait_for(f"{operation} {status}", lambda: get(shop, operation)["status"] == status)
    return get(shop, operation)


def read(url: str | None) -> list[dict[str, Any]]:
    """The lines of a result file."""
    assert url is not None
    response = httpx.get(url, trust_env=False)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/jsonl"
    return [json.loads(each) for each in response.text.splitlines()]


def numbered(url: str | None) -> dict[int, dict[str, Any]]:
    """The results of a mutation by their line numbers."""
    found = read(url)
    by_number = {each["__lineNumber"]: each for each in found}
    assert len(by_number) == len(found)
    return by_number


def cancel(shop: Shop, operation: str) -> dict[str, Any]:
    """Cancel an operation."""
    payload: dict[str, Any] = shop.post(CANCEL, {"id": operation})["data"]["bulkOperationCancel"]
    return payload
