"""A bulk query's lines: every object of every connection, children after their parents, tied by `__parentId`.

Each object is read when its line is written, so a shop that goes on selling shows different moments in one file: that
an export is no snapshot is inferred, as nothing says that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from include.sandbox.shopify import engine
from include.sandbox.shopify import schema as schemas
from include.sandbox.shopify.connection import EVERYTHING, Page
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.cost import Model
from include.sandbox.shopify.engine import Prepared

Line = dict[str, Any]
Fields = dict[str, list[FieldNode]]


class Export:
    """One run of a bulk query that has been found valid.

    Raises:
        GraphQLError: from `lines`, a field could not be read, such as for want of a scope.
    """

    def __init__(self, prepared: Prepared, context: Context) -> None:
        self._schema = schemas.load(prepared.version)
        self._operation = prepared.operations[0]
        self._executor = engine.executor(prepared, self._operation, engine.NO_VARIABLES, context)
        self._model = Model(self._schema, prepared.fragments, engine.NO_VARIABLES)
        self._collected: dict[tuple[str, int], tuple[Fields, Fields]] = {}

    def lines(self) -> Iterator[Line]:
        """Yield the objects one by one."""
        root = self._schema.query_type
        assert root is not None
        _plain, connections = self._fields(root, [self._operation.selection_set])
        for key, nodes in connections.items():
            yield from self._connection(root, None, key, nodes, None)

    def _connection(
        self, parent: GraphQLObjectType, source: Any, key: str, nodes: list[FieldNode], parent_id: str | None
    ) -> Iterator[Line]:
        definition = self._definition(parent, nodes[0])
        page = self._page(definition, parent, source, key, nodes)
        kind, selections = self._node(get_named_type(definition.type), nodes)
        plain, connections = self._fields(kind, selections)
        details = {name: [FieldDetails(node, None) for node in each] for name, each in plain.items()}
        for entry in page.nodes:
            line = self._executor.execute_fields(kind, entry, Path(None, key, parent.name), details, None)
            assert isinstance(line, dict)
            self._raise_errors()
            if parent_id is not None:
                line["__parentId"] = parent_id
            yield line
            for name, inner in connections.items():
                yield from self._connection(kind, entry, name, inner, entry.id)

    def _page(
        self, definition: GraphQLField, parent: GraphQLObjectType, source: Any, key: str, nodes: list[FieldNode]
    ) -> Page:
        info = self._executor.build_resolve_info(definition, nodes, parent, Path(None, key, parent.name))
        arguments = get_argument_values(definition, nodes[0], engine.NO_VARIABLES)
        for name in ("last", "after", "before"):
            arguments.pop(name, None)
        assert definition.resolve is not None
        page = definition.resolve(source, info, **{**arguments, "first": EVERYTHING})
        assert isinstance(page, Page)
        return page

    def _node(self, connection: Any, nodes: list[FieldNode]) -> tuple[GraphQLObjectType, list[SelectionSetNode]]:
        edges = self._model.collect(connection, _sets(nodes))["edges"]
        edge = get_named_type(connection.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        kind = get_named_type(edge.fields["node"].type)
        assert isinstance(kind, GraphQLObjectType)
        return kind, _sets(self._model.collect(edge, _sets(edges)).get("node", []))

    def _fields(self, kind: GraphQLObjectType, selections: list[SelectionSetNode]) -> tuple[Fields, Fields]:
        """Return the fields that go into an object's line, and the connections whose objects get lines of their own."""
        place = (kind.name, id(selections[0]) if selections else 0)
        if place not in self._collected:
            plain: Fields = {}
            connections: Fields = {}
            for key, nodes in self._model.collect(kind, selections).items():
                named = get_named_type(self._definition(kind, nodes[0]).type).name
                (connections if named.endswith("Connection") else plain)[key] = nodes
            self._collected[place] = plain, connections
        return self._collected[place]

    def _definition(self, kind: GraphQLObjectType, node: FieldNode) -> GraphQLField:
        definition = self._schema.get_field(kind, node.name.value)
        assert definition is not None
        return definition

    def _raise_errors(self) -> None:
        errors: list[GraphQLError] = self._executor.collected_errors.errors
        if errors:
            raise errors[0]


def _sets(nodes: list[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]
