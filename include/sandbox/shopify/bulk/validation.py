"""What a document must be like to run in bulk (recorded; the wording for queries is inferred)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)

from include.sandbox.shopify import document
from include.sandbox.shopify import schema as schemas
from include.sandbox.shopify.document import Prepared
from include.sandbox.shopify.inventory.errors import UserError

MOST_BYTES = 65_535
MOST_CONNECTIONS = 5
MOST_DEPTH = 2
NOT_IN_BULK = ("bulkOperationRunMutation", "bulkOperationRunQuery")
IDENTIFIER_LENGTH = (10, 255)


def mutation_errors(version: str, text: str, identifier: str | None) -> list[UserError]:
    """Say why a mutation cannot run in bulk; the messages about lengths and the fields are inferred."""
    least, most = IDENTIFIER_LENGTH
    if identifier is not None and not least <= len(identifier) <= most:
        return [_invalid(f"The client identifier must be between {least} and {most} characters.", "clientIdentifier")]
    if len(text.encode()) > MOST_BYTES:
        return [_invalid(f"The mutation exceeds the maximum allowed size of {MOST_BYTES} bytes.", "mutation")]
    prepared = document.prepare(version, text)
    if prepared.document is None or prepared.refused or len(prepared.operations) != 1:
        why = prepared.refused[0]["message"] if prepared.refused else "expected exactly one operation"
        return [_invalid(f"Failed to parse the mutation - {why}", "mutation")]
    if prepared.operations[0].operation is not OperationType.MUTATION:
        return [_invalid("Invalid operation type. Only `mutation` operations are supported.", "mutation")]
    return _shape_errors(prepared)


def _shape_errors(prepared: Prepared) -> list[UserError]:
    fields = prepared.root_fields(None)
    if len(prepared.operations[0].selection_set.selections) != 1 or len(fields) != 1:
        return [UserError(("mutation",), None, "You must specify a single top level mutation.")]
    if fields[0].name.value in NOT_IN_BULK:
        return [UserError(("mutation",), None, "You must use an allowed mutation name.")]
    if len(list(Connections(prepared).all())) > 1:
        return [UserError(("mutation",), None, "Bulk mutations cannot contain more than 1 connection.")]
    return []


def _invalid(message: str, field: str) -> UserError:
    return UserError((field,), "INVALID_MUTATION", message)


def query_errors(version: str, text: str) -> list[UserError]:
    """Say why a query cannot run in bulk."""
    prepared = document.prepare(version, text)
    if prepared.document is None or prepared.refused or len(prepared.operations) != 1:
        why = prepared.refused[0]["message"] if prepared.refused else "expected exactly one operation"
        return [_invalid_query(f"Invalid bulk query: {why}")]
    operation = prepared.operations[0]
    if operation.operation is not OperationType.QUERY or operation.variable_definitions:
        return [_invalid_query("Invalid bulk query: expected a query without variables.")]
    if any(field.name.value in ("node", "nodes") for field in prepared.root_fields(None)):
        return [_invalid_query("Bulk queries cannot contain a top level `node` or `nodes` field.")]
    return [_invalid_query(problem) for problem in _query_problems(prepared)][:1]


def _query_problems(prepared: Prepared) -> Iterator[str]:
    found = list(Connections(prepared).all())
    if not found:
        yield "Bulk queries must contain at least one connection."
    if len(found) > MOST_CONNECTIONS:
        yield f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
    if any(place.depth > MOST_DEPTH for place in found):
        yield f"Bulk queries cannot contain connections nested deeper than {MOST_DEPTH} levels."
    for place in found:
        name = place.field.name.value
        if not _has_edges(place.field):
            yield f"The connection `{name}` must select its nodes by `edges {{ node {{ ... }} }}`."
        if not place.direct:
            yield f"The connection `{name}` is in an object that is no node; the emulator cannot export it."
        if place.depth > 1 and not _selects_id(place.around):
            yield f"The parent of the nested connection `{name}` must select the `id` field, without an alias."


def _invalid_query(message: str) -> UserError:
    return UserError(("query",), "INVALID", message)


def _has_edges(field: FieldNode) -> bool:
    names = [each.name.value for each in _plain(field.selection_set)]
    return "edges" in names and "nodes" not in names


def _selects_id(selections: SelectionSetNode) -> bool:
    return any(field.name.value == "id" and field.alias is None for field in _plain(selections))


def _plain(selections: SelectionSetNode | None) -> list[FieldNode]:
    return [each for each in (selections.selections if selections else ()) if isinstance(each, FieldNode)]


@dataclass(frozen=True, slots=True)
class Place:
    """A connection: its depth, from 1, the selections in which it stands, and whether these are of a node (or root)."""

    field: FieldNode
    depth: int
    around: SelectionSetNode
    direct: bool


class Connections:
    """Finds the connections in a document."""

    def __init__(self, prepared: Prepared) -> None:
        self._schema = schemas.load(prepared.version)
        self._fragments: Mapping[str, FragmentDefinitionNode] = prepared.fragments
        self._operation: OperationDefinitionNode = prepared.operations[0]

    def all(self) -> Iterator[Place]:
        """Yield each connection."""
        root = self._schema.get_root_type(self._operation.operation)
        yield from self._in(root, self._operation.selection_set, 1, direct=True)

    def _in(self, parent: Any, selections: SelectionSetNode, depth: int, *, direct: bool) -> Iterator[Place]:
        for each in selections.selections:
            if isinstance(each, FieldNode):
                yield from self._field(parent, each, selections, depth, direct=direct)
                continue
            inner: Any = self._fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
            kind = self._schema.get_type(inner.type_condition.name.value) if inner.type_condition else parent
            yield from self._in(kind, inner.selection_set, depth, direct=direct)

    def _field(
        self, parent: Any, field: FieldNode, selections: SelectionSetNode, depth: int, *, direct: bool
    ) -> Iterator[Place]:
        definition = self._schema.get_field(parent, field.name.value)
        if definition is None or field.selection_set is None:
            return
        kind = get_named_type(definition.type)
        connection = isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection")
        if connection:
            yield Place(field, depth, selections, direct)
        inside = connection or field.name.value in ("edges", "node")
        yield from self._in(kind, field.selection_set, depth + connection, direct=inside)
