"""Checks of the variables before a document runs, in Shopify's words.

A GraphQL library would refuse the same values, but with other messages; and it knows nothing of global ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_argument_values,
    is_enum_type,
    is_input_type,
    is_list_type,
    is_non_null_type,
    print_ast,
    type_from_ast,
)

MAX_ITEMS = 250  # documented: of any input array

Path = tuple[str | int, ...]


def refusals(schema: GraphQLSchema, operation: OperationDefinitionNode, raw: Mapping[str, Any]) -> list[GraphQLError]:
    """Return one INVALID_VARIABLE error for each variable that does not fit (shape recorded on 2026-04)."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        assert is_input_type(kind)
        if name not in raw and definition.default_value is not None:
            continue
        value = raw.get(name)
        problems = list(_problems(kind, value, ()))
        if problems:
            where, why = problems[0]
            at = f" for {'.'.join(map(str, where))}" if where else ""
            errors.append(
                GraphQLError(
                    f"Variable ${name} of type {print_ast(definition.type)} was provided invalid value{at} ({why})",
                    nodes=definition,
                    extensions={
                        "code": "INVALID_VARIABLE",
                        "value": value,
                        "problems": [{"path": list(path), "explanation": text} for path, text in problems],
                    },
                )
            )
    return errors


def _problems(kind: GraphQLInputType, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if is_non_null_type(kind):
        if value is None:
            yield path, "Expected value to not be null"
            return
        kind = kind.of_type
    if value is None:
        return
    if is_list_type(kind):
        if isinstance(value, list):
            for index, one in enumerate(value):
                yield from _problems(kind.of_type, one, (*path, index))
        else:
            yield from _problems(kind.of_type, value, path)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _object_problems(kind, value, path)
    else:
        text = _leaf_problem(kind, value)
        if text:
            yield path, text


def _object_problems(kind: GraphQLInputObjectType, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        yield path, f"Expected {_show(value)} to be a key-value object."
        return
    for name in value:
        if name not in kind.fields:
            yield (*path, name), f"Field is not defined on {kind.name}"
    for name, field in kind.fields.items():
        if name in value or (is_non_null_type(field.type) and field.default_value is Undefined):
            yield from _problems(field.type, value.get(name), (*path, name))


def _leaf_problem(kind: Any, value: Any) -> str | None:
    if kind.name == "ID":
        fits = isinstance(value, str) and value.startswith("gid://shopify/")
        return None if fits else f"Invalid global id '{value}'"
    if is_enum_type(kind):
        known = isinstance(value, str) and value in kind.values
        return None if known else f"Expected {_show(value)} to be one of: {', '.join(kind.values)}"
    if _fits(kind.name, value):
        return None
    return f"Could not coerce value {_show(value)} to {kind.name}"


def _fits(name: str, value: Any) -> bool:
    if name == "Int":
        return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
    if name == "Boolean":
        return isinstance(value, bool)
    return isinstance(value, str)


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def oversized(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Any) -> GraphQLError | None:
    """Return the error for an input array of more than 250 elements, if there is one.

    Shape recorded on 2025-01 for product mutations; that inventory answers alike, and the path, are inferred.
    """
    root = schema.get_root_type(operation.operation)
    assert root is not None
    for selection in operation.selection_set.selections:
        definition = root.fields.get(selection.name.value) if hasattr(selection, "name") else None
        if definition is None:
            continue
        node: Any = selection
        key = node.alias.value if node.alias else node.name.value
        for name, value in get_argument_values(definition, node, variables).items():
            for path, size in _arrays(value, (key, name)):
                if size > MAX_ITEMS:
                    return GraphQLError(
                        f"The input array size of {size} is greater than the maximum allowed of {MAX_ITEMS}.",
                        nodes=node,
                        path=list(path),
                        extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
                    )
    return None


def _arrays(value: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """Yield the arrays of an argument; no input of the schema holds an array inside an array's element."""
    if isinstance(value, list):
        yield path, len(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _arrays(inner, (*path, name))
