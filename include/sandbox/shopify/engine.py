"""Runs one GraphQL request: variables, limits, cost, bucket, execution, refund, answer."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from include.sandbox.shopify import executable
from include.sandbox.shopify import variables as checks
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.cost import MAX_COST, Model
from include.sandbox.shopify.document import Prepared

LIMITS = "https://shopify.dev/api/usage/rate-limits"
log = logging.getLogger("trueup.sandbox.shopify")


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON answer, what it cost, and whether it was refused for want of points."""

    body: dict[str, Any]
    points: int = 0
    throttled: bool = False


def run(prepared: Prepared, name: str | None, raw: Mapping[str, Any], context: Context) -> Answer:
    """Run a request to its end.

    What is refused before execution carries no `extensions.cost` (recorded on 2026-04).
    """
    if prepared.document is None or prepared.refused:
        return Answer({"errors": list(prepared.refused)})
    operation = prepared.operation(name)
    if operation is None:
        return Answer({"errors": [{"message": f"No operation named {name!r}" if name else _MANY}]})
    schema = executable.load(prepared.version)
    values = checks.read(schema, operation, raw)
    if isinstance(values, list):
        return Answer({"errors": [error.formatted for error in values]})
    too_many = checks.oversized(schema, operation, values)
    if too_many:
        return Answer({"errors": [too_many.formatted]})
    model = Model(schema, prepared.fragments, values)
    return _spend(executor(prepared, operation, values, context), model, operation, context)


def run_row(prepared: Prepared, raw: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Run a document that is valid for one line of a bulk mutation, which costs no points (documented)."""
    operation = prepared.operations[0]
    schema = executable.load(prepared.version)
    values = checks.read(schema, operation, raw)
    if isinstance(values, list):
        return {"errors": [error.formatted for error in values]}
    too_many = checks.oversized(schema, operation, values)
    if too_many:
        return {"errors": [too_many.formatted]}
    result = executor(prepared, operation, values, context).execute_operation()
    assert isinstance(result, ExecutionResult)
    if any(_is_bug(error) for error in result.errors or ()):
        return internal_error().body
    errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return {"data": result.data, **errors}


def throttled(context: Context, requested: int) -> Answer:
    """Return the answer for an empty bucket: HTTP 200 (documented; reported by several clients' fixtures)."""
    cost = {"requestedQueryCost": requested, "actualQueryCost": None}
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS}}
    body = {"errors": [error], "extensions": {"cost": {**cost, "throttleStatus": context.settings.bucket.status()}}}
    return Answer(body, throttled=True)


def internal_error() -> Answer:
    """Return Shopify's answer when something breaks on its side (reported by clients' fixtures)."""
    request_id = str(uuid.uuid4())
    message = (
        "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {request_id} (include this in support requests)."
    )
    error = {"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}}
    return Answer({"errors": [error]})


def requested_cost(prepared: Prepared, name: str | None, raw: Mapping[str, Any]) -> int:
    """Return what a valid request would reserve; 0 if it would be refused before."""
    operation = prepared.operation(name)
    if prepared.document is None or prepared.refused or operation is None:
        return 0
    schema = executable.load(prepared.version)
    values = checks.read(schema, operation, raw)
    return 0 if isinstance(values, list) else Model(schema, prepared.fragments, values).requested(operation)


def executor(
    prepared: Prepared, operation: OperationDefinitionNode, values: VariableValues, context: Context
) -> Executor[Context]:
    """Return the library's executor around values that are read already; `Executor.build` would read them again."""
    return Executor(
        schema=executable.load(prepared.version),
        fragment_definitions=dict(prepared.fragments),
        fragments={name: FragmentDetails(node) for name, node in prepared.fragments.items()},
        root_value=None,
        context_value=context,
        operation=operation,
        variable_values=values,
        field_resolver=default_field_resolver,
        type_resolver=default_type_resolver,
        subscribe_field_resolver=default_field_resolver,
        is_awaitable=_is_awaitable,
    )


def _is_awaitable(_value: object) -> TypeGuard[Awaitable[Any]]:
    """No resolver of the emulator's is asynchronous. The library would look into each value of an answer."""
    return False


_MANY = "An operation name is required"
NO_VARIABLES = VariableValues({}, {})


def _spend(executor: Executor[Context], model: Model, operation: OperationDefinitionNode, context: Context) -> Answer:
    requested = model.requested(operation)
    if requested > MAX_COST:
        return Answer({"errors": [_too_dear(requested)]})
    bucket = context.settings.bucket
    if not bucket.take(requested):
        return throttled(context, requested)
    result = executor.execute_operation()
    assert isinstance(result, ExecutionResult)
    if any(_is_bug(error) for error in result.errors or ()):
        return internal_error()
    actual = model.actual(operation, result.data)
    bucket.give_back(max(0, requested - actual))
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()}
    body["extensions"] = {"cost": cost}
    if context.searches:
        body["extensions"]["search"] = context.searches
    return Answer(body, points=actual)


def _is_bug(error: GraphQLError) -> bool:
    """Say whether an error is the emulator's own fault, and leave its traceback in the log."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return False
    log.error("the emulator failed at %s; this is a bug in it", error.path, exc_info=cause)
    return True


def _too_dear(points: int) -> dict[str, Any]:
    """Reported by clients: one query may cost 1000 points (documented)."""
    return {
        "message": f"Query cost is {points}, which exceeds the single query max cost limit ({MAX_COST}).",
        "extensions": {"code": "MAX_COST_EXCEEDED", "cost": points, "maxCost": MAX_COST, "documentation": LIMITS},
    }
