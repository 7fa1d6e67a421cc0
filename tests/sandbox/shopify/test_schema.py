"""schema.graphql is a true part of Shopify's schema, version 2026-10: what a client may do here, it may do there."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLInputObjectType,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    build_ast_schema,
    parse,
    print_ast,
)
from graphql.language import DirectiveDefinitionNode, NonNullTypeNode, TypeDefinitionNode

from include.sandbox.shopify.executable import load
from include.sandbox.shopify.schema import text

REAL = Path(__file__).parents[3].parent / "shared" / "shopify" / "admin-2026-10.graphql.gz"

Definitions = dict[str, Any]


def definitions(document: DocumentNode) -> Definitions:
    """Types and directives by name, and the schema itself."""
    found: Definitions = {}
    for node in document.definitions:
        if isinstance(node, SchemaDefinitionNode):
            found["schema"] = node
        elif isinstance(node, TypeDefinitionNode):
            found[node.name.value] = node
        elif isinstance(node, DirectiveDefinitionNode):
            found[f"@{node.name.value}"] = node
    return found


@pytest.fixture(scope="module")
def real() -> Definitions:
    if not REAL.exists():
        pytest.skip("Shopify's own schema is not beside the repository: ../shared/shopify/admin-2026-10.graphql.gz")
    return definitions(parse(gzip.decompress(REAL.read_bytes()).decode(), no_location=True))


def mistakes(ours: Definitions, theirs: Definitions) -> Iterator[str]:
    """Say what the one schema has that the other has not, or has otherwise."""
    for name, node in ours.items():
        other = theirs.get(name)
        if other is None or other.kind != node.kind:
            yield f"{name}: {'not there' if other is None else f'a {other.kind} there'}"
        elif isinstance(node, SchemaDefinitionNode):
            yield from _roots(node, other)
        elif isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            yield from _fields(node, other)
        elif isinstance(node, InputObjectTypeDefinitionNode):
            yield from _inputs(name, node.fields or (), other.fields)
        elif isinstance(node, EnumTypeDefinitionNode):
            known = _names(other.values)
            yield from (f"{name}.{value}: no such value" for value in _names(node.values or ()) if value not in known)
        elif isinstance(node, DirectiveDefinitionNode):
            yield from _directive(node, other)


def _roots(node: SchemaDefinitionNode, other: SchemaDefinitionNode) -> Iterator[str]:
    there = {each.operation: each.type.name.value for each in other.operation_types}
    for each in node.operation_types:
        if there.get(each.operation) != each.type.name.value:
            yield f"schema.{each.operation.value}: {there.get(each.operation)} there"


def _fields(node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode, other: Any) -> Iterator[str]:
    name = node.name.value
    known = _names(other.interfaces or ())
    yield from (f"{name}: does not implement {x}" for x in _names(node.interfaces or ()) if x not in known)
    there = {field.name.value: field for field in other.fields}
    for field in node.fields or ():
        where = f"{name}.{field.name.value}"
        match = there.get(field.name.value)
        if match is None:
            yield f"{where}: no such field"
            continue
        if print_ast(field.type) != print_ast(match.type):
            yield f"{where}: {print_ast(match.type)} there"
        if _deprecated(match) and not _deprecated(field):
            yield f"{where}: deprecated there"
        yield from _inputs(where, field.arguments or (), match.arguments or ())


def _inputs(where: str, ours: Any, theirs: Any) -> Iterator[str]:
    """Arguments and input fields: same type and default, and none that is required there may be missing here."""
    there: dict[str, InputValueDefinitionNode] = {each.name.value: each for each in theirs}
    for each in ours:
        match = there.get(each.name.value)
        if match is None:
            yield f"{where}({each.name.value}): no such argument or field"
        elif print_ast(each.type) != print_ast(match.type) or _default(each) != _default(match):
            yield f"{where}({each.name.value}): {print_ast(match.type)} = {_default(match)} there"
    for name, match in there.items():
        required = isinstance(match.type, NonNullTypeNode) and match.default_value is None
        if required and name not in _names(ours):
            yield f"{where}({name}): required there"


def _directive(node: DirectiveDefinitionNode, other: DirectiveDefinitionNode) -> Iterator[str]:
    name = f"@{node.name.value}"
    if node.repeatable != other.repeatable or set(_names(node.locations)) != set(_names(other.locations)):
        yield f"{name}: on {', '.join(_names(other.locations))} there"
    yield from _inputs(name, node.arguments or (), other.arguments or ())


def _names(nodes: Any) -> list[str]:
    return [node.value if hasattr(node, "value") else node.name.value for node in nodes]


def _default(node: InputValueDefinitionNode) -> str | None:
    return None if node.default_value is None else print_ast(node.default_value)


def _deprecated(node: FieldDefinitionNode) -> bool:
    marks: tuple[DirectiveNode, ...] = tuple(node.directives or ())
    return any(mark.name.value == "deprecated" for mark in marks)


def test_the_schema_is_a_part_of_shopifys(real: Definitions) -> None:
    ours = definitions(parse(text(), no_location=True))
    assert len(ours) > 40
    assert list(mistakes(ours, real)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "mistake"),
    [
        ("sku: String\n  tracked", "sku: String!\n  tracked", "InventoryItem.sku: String there"),
        ("  tracked: Boolean!", "  tracked: Boolean!\n  colour: String", "InventoryItem.colour: no such field"),
        ("type AccessScope {", "type Access {", "Access: not there"),
        ("scalar UnsignedInt64", "enum UnsignedInt64 { A }", "UnsignedInt64: a scalar_type_definition there"),
        ("  OPEN\n  SCHEDULED", "  OPEN\n  SHUT", "FulfillmentOrderStatus.SHUT: no such value"),
        ("  delta: Int!\n  inv", "  inv", "InventoryChangeInput(delta): required there"),
        ("  delta: Int!\n  inv", "  delta: Int\n  inv", "InventoryChangeInput(delta): Int! = None there"),
        ("order(id: ID!): Order", "order(id: ID!, name: String): Order", "QueryRoot.order(name): no such argument"),
        ("order(id: ID!): Order", "order: Order", "QueryRoot.order(id): required there"),
        ("location(id: ID): Loc", "location(id: ID!): Loc", "QueryRoot.location(id): ID = None there"),
        ("LocationSortKeys = NAME", "LocationSortKeys = ID", "QueryRoot.locations(sortKey): LocationSortKeys = NAME"),
        ("type Shop implements Node", "type Shop implements Node & X", "Shop: does not implement X"),
        ("@idempotent(key: String!) on FIELD", "@idempotent(key: String!) on QUERY", "@idempotent: on FIELD there"),
        ("query: QueryRoot", "query: Mutation", "schema.query: QueryRoot there"),
    ],
)
def test_the_comparison_would_notice(real: Definitions, right: str, wrong: str, mistake: str) -> None:
    assert right in text()
    found = list(mistakes(definitions(parse(text().replace(right, wrong, 1), no_location=True)), real))
    assert any(each.startswith(mistake) for each in found), found


def test_everything_in_the_schema_is_answered() -> None:
    loaded = load()
    for name, kind in loaded.type_map.items():
        if name.startswith("__") or not hasattr(kind, "fields") or isinstance(kind, GraphQLInputObjectType):
            continue
        for field_name, field in kind.fields.items():
            interface = name in ("Node", "LegacyInteroperability", "DisplayableError")
            assert interface or field.resolve is not None, f"{name}.{field_name}"
    assert build_ast_schema(parse(text())).query_type is not None
