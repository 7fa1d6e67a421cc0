"""Bulk operations and staged uploads as GraphQL sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from include.sandbox.shopify.bulk import operations, uploads
from include.sandbox.shopify.bulk.operations import Payload
from include.sandbox.shopify.bulk.records import URL_LIFE, BulkOperation
from include.sandbox.shopify.bulk.uploads import Target
from include.sandbox.shopify.context import Context, Info, Plain
from include.sandbox.shopify.inventory.fields import CODED, ERRORS
from include.sandbox.shopify.scalars import timestamp

SHOP_ID = "gid://shopify/Shop/92891250994"


@dataclass(frozen=True, slots=True)
class Staged:
    """What `stagedUploadsCreate` answers."""

    targets: list[Target]
    errors: tuple[object, ...] = ()


def run_mutation(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Start a bulk mutation."""
    identifier = arguments.get("clientIdentifier")
    return operations.run_mutation(info.context, arguments["mutation"], arguments["stagedUploadPath"], identifier)


def run_query(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Start an export."""
    return operations.run_query(info.context, arguments["query"], grouped=arguments["groupObjects"])


def cancel(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Cancel an operation."""
    return operations.cancel(info.context.store, arguments["id"])


def stage(_source: Any, info: Info, **arguments: Any) -> Staged:
    """Give out upload targets. Some tokens may not (reported): a setting."""
    context = info.context
    if context.settings.staged_uploads_denied:
        raise GraphQLError(
            f"Access denied for {info.field_name} field.",
            nodes=info.field_nodes,
            path=info.path.as_list(),
            extensions={"code": "ACCESS_DENIED", "documentation": "https://shopify.dev/api/usage/access-scopes"},
        )
    limit = context.settings.upload_limit
    return Staged(
        [
            uploads.stage(context.store, context.files, SHOP_ID, context.base_url, limit, wanted)
            for wanted in arguments["input"]
        ]
    )


def current(_source: Any, info: Info, **arguments: Any) -> BulkOperation | None:
    """Return the latest operation of a type."""
    found = [each for each in info.context.store.bulk.values() if each.type == arguments["type"]]
    return found[-1] if found else None


def _url(operation: BulkOperation, context: Context) -> str | None:
    """The results of a completed operation, if there are any and they have not expired (recorded: null if none)."""
    return _address(operation, context) if operation.status == "COMPLETED" else None


def _partial_url(operation: BulkOperation, context: Context) -> str | None:
    """What a failed operation did may be had (documented); a cancelled one's too (inferred)."""
    kept = operation.status == "CANCELED" or (operation.status == "FAILED" and operation.keeps_partial)
    return _address(operation, context) if kept else None


def _address(operation: BulkOperation, context: Context) -> str | None:
    if not operation.size or operation.completed is None or operation.expired(context.store.now()):
        return None
    return context.files.results_url(context.base_url, operation.id, operation.completed + URL_LIFE)


def _completed(operation: BulkOperation, _context: Context) -> str | None:
    at = operation.completed if operation.status == "COMPLETED" else None
    return None if at is None else timestamp(at)


MUTATIONS: dict[str, Callable[..., Any]] = {
    "bulkOperationCancel": cancel,
    "bulkOperationRunMutation": run_mutation,
    "bulkOperationRunQuery": run_query,
    "stagedUploadsCreate": stage,
}

OPERATION: dict[str, Plain] = {**ERRORS, "bulkOperation": lambda x, c: x.operation}

PLAIN: dict[str, dict[str, Plain]] = {
    "BulkOperation": {
        "id": lambda x, c: x.id,
        "type": lambda x, c: x.type,
        "query": lambda x, c: x.query,
        "status": lambda x, c: x.status_at(c.store.now()),
        "errorCode": lambda x, c: x.error_code,
        "createdAt": lambda x, c: timestamp(x.created),
        "completedAt": _completed,
        "objectCount": lambda x, c: str(x.objects),
        "rootObjectCount": lambda x, c: str(x.root_objects),
        "fileSize": lambda x, c: str(x.size) if x.status == "COMPLETED" and x.size else None,
        "url": _url,
        "partialDataUrl": _partial_url,
    },
    "BulkOperationRunMutationPayload": OPERATION,
    "BulkOperationRunQueryPayload": OPERATION,
    "BulkOperationCancelPayload": OPERATION,
    "BulkMutationUserError": CODED,
    "BulkOperationUserError": CODED,
    "StagedUploadsCreatePayload": {**ERRORS, "stagedTargets": lambda x, c: x.targets},
    "StagedMediaUploadTarget": {
        "url": lambda x, c: x.url,
        "resourceUrl": lambda x, c: x.resource_url,
        "parameters": lambda x, c: x.parameters,
    },
    "StagedUploadParameter": {"name": lambda x, c: x["name"], "value": lambda x, c: x["value"]},
}
