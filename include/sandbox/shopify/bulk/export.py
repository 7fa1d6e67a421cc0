"""A bulk query's lines: every object of every connection, children after their parents, tied by `__parentId`.

Each object is read when its line is written, so a shop that goes on selling shows different moments in one file: that
an export is no snapshot is inferred, as nothing says that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
from include.sandbox.shopify.connection import EVERYTHING
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.cost import Model
from include.sandbox.shopify.document import Prepared

Line = dict[str, Any]
Fields = dict[str, list[FieldNode]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A connection of the query: how to list its objects, what goes into their lines, and their own connections."""

    definition: GraphQLField
    arguments: dict[str, Any]
    kind: GraphQLObjectType
    plain: dict[str, list[FieldDetails]]
    connections: Fields


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
        self._plans: dict[tuple[str, int], Plan] = {}

    def lines(self, *, grouped: bool) -> Iterator[Line]:
        """Yield the objects one by one; `grouped`: each with its children directly after it.

        Documented: not grouped, children come somewhere after their parent. Here the next object comes between.
        """
        root = self._schema.query_type
        assert root is not None
        _plain, connections = self._fields(root, [self._operation.selection_set])
        for key, nodes in connections.items():
            waiting: Iterator[Line] = iter(())
            for each in self._connection(root, None, key, nodes, None):
                yield next(each)
                yield from waiting
                waiting = each
                if grouped:
                    yield from waiting
            yield from waiting

    def _connection(
        self, parent: GraphQLObjectType, source: Any, key: str, nodes: list[FieldNode], parent_id: str | None
    ) -> Iterator[Iterator[Line]]:
        """Yield the lines of each object of a connection: its own, then those of its children."""
        place = (parent.name, id(nodes[0]))
        plan = self._plans.get(place)
        if plan is None:
            plan = self._plans[place] = self._plan(parent, nodes)
        path = Path(None, key, parent.name)
        info = self._executor.build_resolve_info(plan.definition, nodes, parent, path)
        assert plan.definition.resolve is not None
        page = plan.definition.resolve(source, info, **plan.arguments)
        for entry in page.nodes:
            yield self._object(plan, entry, path, parent_id)

    def _object(self, plan: Plan, entry: Any, path: Path, parent_id: str | None) -> Iterator[Line]:
        line = self._executor.execute_fields(plan.kind, entry, path, plan.plain, None)
        assert isinstance(line, dict)
        self._raise_errors()
        if parent_id is not None:
            line["__parentId"] = parent_id
        yield line
        for name, inner in plan.connections.items():
            for each in self._connection(plan.kind, entry, name, inner, entry.id):
                yield from each

    def _plan(self, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Plan:
        """Work out once what is the same for all objects of a connection. It knows no pages (documented)."""
        definition = self._definition(parent, nodes[0])
        arguments = get_argument_values(definition, nodes[0], engine.NO_VARIABLES)
        for name in ("last", "after", "before"):
            arguments.pop(name, None)
        kind, selections = self._node(get_named_type(definition.type), nodes)
        plain, connections = self._fields(kind, selections)
        details = {name: [FieldDetails(node, None) for node in each] for name, each in plain.items()}
        return Plan(definition, {**arguments, "first": EVERYTHING}, kind, details, connections)

    def _node(self, connection: Any, nodes: list[FieldNode]) -> tuple[GraphQLObjectType, list[SelectionSetNode]]:
        edges = self._model.collect(connection, _sets(nodes))["edges"]
        edge = get_named_type(connection.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        kind = get_named_type(edge.fields["node"].type)
        assert isinstance(kind, GraphQLObjectType)
        return kind, _sets(self._model.collect(edge, _sets(edges)).get("node", []))

    def _fields(self, kind: GraphQLObjectType, selections: list[SelectionSetNode]) -> tuple[Fields, Fields]:
        """Return the fields that go into an object's line, and the connections whose objects get lines of their own."""
        plain: Fields = {}
        connections: Fields = {}
        for key, nodes in self._model.collect(kind, selections).items():
            named = get_named_type(self._definition(kind, nodes[0]).type).name
            (connections if named.endswith("Connection") else plain)[key] = nodes
        return plain, connections

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
