"""Runs one GraphQL request: parse, validate, variables, limits, cost, bucket, execution, refund, answer."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
    default_field_resolver,
    default_type_resolver,
    parse,
    validate,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from include.sandbox.shopify import schema as schemas
from include.sandbox.shopify import variables as checks
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.cost import MAX_COST, Model

LIMITS = "https://shopify.dev/api/usage/rate-limits"
log = logging.getLogger("trueup.sandbox.shopify")

# The library's messages in the words of Shopify's server: pattern, message, extensions.code. Recorded for the missing
# key and for unknown fields and directives; the others are reported or follow graphql-ruby's usual wording (inferred).
WORDINGS = (
    (r"Cannot query field '(\w+)' on type '(\w+)'.*", r"Field '\1' doesn't exist on type '\2'", "undefinedField"),
    (r"Unknown directive '@(\w+)'.*", r"Directive @\1 is not defined", "undefinedDirective"),
    (
        r"Argument '@(\w+)\((\w+):\)' of type '[^']+' is required.*",
        r"Directive '\1' is missing required arguments: \2",
        "missingRequiredArguments",
    ),
    (
        r"Argument '\w+\.(\w+)\((\w+):\)' of type '[^']+' is required.*",
        r"Field '\1' is missing required arguments: \2",
        "missingRequiredArguments",
    ),
    (
        r"Directive '@(\w+)' may not be used on mutation\..*",
        r"'@\1' can't be applied to mutations (allowed: fields)",
        "directiveCannotBeApplied",
    ),
    (
        r"Variable '\$(\w+)' is never used in operation '(\w+)'.*",
        r"Variable $\1 is declared by \2 but not used",
        "variableNotUsed",
    ),
    (
        r"Unknown argument '(\w+)' on field '\w+\.(\w+)'.*",
        r"Field '\2' doesn't accept argument '\1'",
        "argumentNotAccepted",
    ),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated once; `refused` holds the answer's errors if it is not valid."""

    version: str
    document: DocumentNode | None
    operations: tuple[OperationDefinitionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]
    refused: tuple[Mapping[str, Any], ...] = ()

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation to run; None if the name does not settle it."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((o for o in self.operations if o.name and o.name.value == name), None)

    def root_fields(self, name: str | None) -> list[FieldNode]:
        """Return the operation's own fields, fragments left aside."""
        operation = self.operation(name)
        selections = operation.selection_set.selections if operation else ()
        return [node for node in selections if isinstance(node, FieldNode)]


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON answer, what it cost, and whether it was refused for want of points."""

    body: dict[str, Any]
    points: int = 0
    throttled: bool = False


@lru_cache(maxsize=512)
def prepare(version: str, text: str) -> Prepared:
    """Parse and validate a document, once for each version and text."""
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return Prepared(version, None, (), {}, ({"message": error.message, "locations": _locations(error)},))
    errors = validate(schemas.load(version), document)
    return Prepared(
        version,
        document,
        tuple(d for d in document.definitions if isinstance(d, OperationDefinitionNode)),
        {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)},
        tuple(_reworded(error) for error in errors),
    )


def keys_of(prepared: Prepared, name: str | None, raw: Mapping[str, Any]) -> list[str]:
    """Return the idempotency keys that a request carries, without running it."""
    keys = []
    for node in prepared.root_fields(name):
        for directive in node.directives or ():
            if directive.name.value != "idempotent":
                continue
            for argument in directive.arguments or ():
                value = argument.value
                key = raw.get(value.name.value) if isinstance(value, VariableNode) else None
                if isinstance(value, StringValueNode):
                    key = value.value
                if isinstance(key, str):
                    keys.append(key)
    return keys


def run(prepared: Prepared, name: str | None, raw: Mapping[str, Any], context: Context) -> Answer:
    """Run a request to its end.

    What is refused before execution carries no `extensions.cost` (recorded on 2026-04).
    """
    if prepared.document is None or prepared.refused:
        return Answer({"errors": list(prepared.refused)})
    operation = prepared.operation(name)
    if operation is None:
        return Answer({"errors": [{"message": f"No operation named {name!r}" if name else _MANY}]})
    schema = schemas.load(prepared.version)
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
    schema = schemas.load(prepared.version)
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
    schema = schemas.load(prepared.version)
    values = checks.read(schema, operation, raw)
    return 0 if isinstance(values, list) else Model(schema, prepared.fragments, values).requested(operation)


def executor(
    prepared: Prepared, operation: OperationDefinitionNode, values: VariableValues, context: Context
) -> Executor[Context]:
    """Return the library's executor around values that are read already; `Executor.build` would read them again."""
    return Executor(
        schema=schemas.load(prepared.version),
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


def _reworded(error: GraphQLError) -> dict[str, Any]:
    for pattern, message, code in WORDINGS:
        if re.fullmatch(pattern, error.message, re.DOTALL):
            text = re.sub(pattern, message, error.message, flags=re.DOTALL)
            return {"message": text, "locations": _locations(error), "extensions": {"code": code}}
    return {"message": error.message, "locations": _locations(error)}


def _locations(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in error.locations or ()]
