"""What a document costs, in points: requested before it runs, actual from what it returned.

The model was measured on 2,387 answers recorded on 2026-04 and is exact for 93.5 % of them, inventory ones included:

- an object costs 1, a scalar 0, a list of objects 1 whatever its length (so does `nodes(ids:)`);
- an interface costs as much as its dearest alternative;
- a connection costs 2 + F(n) x (cost of one node), F(n) = max(1, floor(2 ln n)), F(0) = 0, where n is the page asked
  for (requested) or the number of nodes returned (actual); pageInfo is free;
- a mutation costs 10, the objects directly in its payload are free, deeper ones cost 1.

Inferred: null objects are free in the actual cost; nodes of one page that differ count as the dearest of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

MAX_COST = 1000  # documented: of one query
MUTATION = 10
CONNECTION = 2

Fields = dict[str, list[FieldNode]]


def pages(n: int) -> int:
    """Return F(n), the weight of a page of n nodes."""
    return 0 if n <= 0 else max(1, math.floor(2 * math.log(n)))


@dataclass(frozen=True, slots=True)
class Model:
    """The cost model for one operation with its variables."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Any

    def requested(self, operation: OperationDefinitionNode) -> int:
        """Return the cost that is reserved before the operation runs."""
        return self._operation(operation, ASKED)

    def actual(self, operation: OperationDefinitionNode, data: Mapping[str, Any] | None) -> int:
        """Return the cost of what came back."""
        return self._operation(operation, data or {})

    def _operation(self, operation: OperationDefinitionNode, data: Any) -> int:
        root = self.schema.get_root_type(operation.operation)
        assert root is not None
        fields = self.collect(root, [operation.selection_set])
        if operation.operation is OperationType.MUTATION:
            return sum(self._mutation(root, nodes, _child(data, key)) for key, nodes in fields.items())
        return self._fields(root, fields, data)

    def _mutation(self, root: GraphQLObjectType, nodes: list[FieldNode], value: Any) -> int:
        payload = get_named_type(self._definition(root, nodes).type)
        assert isinstance(payload, GraphQLObjectType)
        if value is None:
            return MUTATION
        points = MUTATION
        for key, inner in self.collect(payload, _sets(nodes)).items():
            if not is_leaf_type(get_named_type(self._definition(payload, inner).type)):
                points += max(0, self._field(payload, inner, _child(value, key)) - 1)
        return points

    def _fields(self, parent: GraphQLObjectType, fields: Fields, value: Any) -> int:
        return sum(self._field(parent, nodes, _child(value, key)) for key, nodes in fields.items())

    def _field(self, parent: GraphQLObjectType, nodes: list[FieldNode], value: Any) -> int:
        definition = self._definition(parent, nodes)
        named = get_named_type(definition.type)
        if value is None or is_leaf_type(named) or named.name == "PageInfo" or named.name.startswith("__"):
            return 0
        if named.name.endswith("Connection"):
            assert isinstance(named, GraphQLObjectType)
            return self._connection(named, definition, nodes, value)
        if value is not ASKED and _is_list(definition):
            return 1 + self._dearest(named, _sets(nodes), value)
        return 1 + self._object(named, _sets(nodes), value)

    def _dearest(self, named: GraphQLNamedType, sets: Sequence[SelectionSetNode], values: Iterable[Any]) -> int:
        """Return what the dearest object of a list costs. None costs more than was asked for, so the search ends."""
        most = self._object(named, sets, ASKED)
        dearest = 0
        for value in values:
            if value is not None:
                dearest = max(dearest, self._object(named, sets, value))
            if dearest >= most:
                break
        return dearest

    def _object(self, named: GraphQLNamedType, sets: Sequence[SelectionSetNode], value: Any) -> int:
        if isinstance(named, GraphQLObjectType):
            return self._fields(named, self.collect(named, sets), value)
        assert is_abstract_type(named)
        costs = [0]
        for possible in self.schema.get_possible_types(named):
            fields = self.collect(possible, sets)
            # An answer does not name the type of an interface's object; its keys tell.
            if value is ASKED or fields.keys() == value.keys():
                costs.append(self._fields(possible, fields, value))
        return max(costs)

    def _connection(
        self, named: GraphQLObjectType, definition: GraphQLField, nodes: list[FieldNode], value: Any
    ) -> int:
        per_node = 1
        asked = 0
        if value is ASKED:
            arguments = get_argument_values(definition, nodes[0], self.variables)
            asked = arguments.get("first") or arguments.get("last") or 0
        for key, inner in self.collect(named, _sets(nodes)).items():
            entries = _child(value, key)
            name = inner[0].name.value
            if name not in ("nodes", "edges"):
                continue
            kind = get_named_type(self._definition(named, inner).type)
            assert isinstance(kind, GraphQLObjectType)
            if entries is not ASKED:
                asked = len(entries)
            for entry in [ASKED] if entries is ASKED else entries:
                per_node = max(per_node, self._entry(kind, _sets(inner), entry, edge=name == "edges"))
        return CONNECTION + pages(asked) * per_node

    def _entry(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], entry: Any, *, edge: bool) -> int:
        fields = self.collect(kind, sets)
        points = self._fields(kind, fields, entry)
        return max(1, points) if edge else 1 + points

    def _definition(self, parent: GraphQLObjectType, nodes: list[FieldNode]) -> GraphQLField:
        definition = self.schema.get_field(parent, nodes[0].name.value)
        assert definition is not None
        return definition

    def collect(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Fields:
        """Return the fields that some selections ask of an object, by their names in the answer."""
        fields: Fields = {}
        for selections in sets:
            self._collect_into(fields, parent, selections)
        return fields

    def _collect_into(self, fields: Fields, parent: GraphQLObjectType, selections: SelectionSetNode) -> None:
        for selection in selections.selections:
            if selection.directives and not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                fields.setdefault(key, []).append(selection)
                continue
            fragment: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                fragment = self.fragments[selection.name.value]
            if self._applies(fragment, parent):
                self._collect_into(fields, parent, fragment.selection_set)

    def _applies(self, fragment: Any, parent: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        condition = self.schema.get_type(fragment.type_condition.name.value)
        if condition is parent:
            return True
        return is_abstract_type(condition) and self.schema.is_sub_type(condition, parent)

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


class _Asked:
    """Stands for a value not known yet: the requested cost assumes that everything is there."""


ASKED = _Asked()


def _child(value: Any, key: str) -> Any:
    return ASKED if value is ASKED else value.get(key)


def _sets(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]


def _is_list(definition: GraphQLField) -> bool:
    kind = definition.type
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
