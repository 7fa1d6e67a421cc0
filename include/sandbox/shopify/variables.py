"""Checks of the variables before a document runs, in Shopify's words.

A GraphQL library would refuse the same values, but with other messages; and it knows nothing of global ids.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    coerce_input_value,
    get_argument_values,
    is_enum_type,
    is_input_type,
    is_list_type,
    is_non_null_type,
    print_ast,
    type_from_ast,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

MAX_ITEMS = 250  # documented: of any input array

Path = tuple[str | int, ...]


def read(
    schema: GraphQLSchema, operation: OperationDefinitionNode, raw: Mapping[str, Any]
) -> VariableValues | list[GraphQLError]:
    """Check the variables of an operation and return their values, or an error for each that does not fit.

    The shape of INVALID_VARIABLE is recorded on 2026-04. A value that fits is taken as it is: the library's own
    coercion would copy it and change nothing; one that lacks a field with a default does not fit and is coerced.
    """
    values = VariableValues({}, {})
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        assert is_input_type(kind)
        if name not in raw and (definition.default_value is not None or not is_non_null_type(kind)):
            absent = get_variable_values(schema, [definition], {})
            assert isinstance(absent, VariableValues)
            values.sources.update(absent.sources)
            values.coerced.update(absent.coerced)
            continue
        value = raw.get(name)
        if not fits(kind)(value):
            problems = list(_problems(kind, value, ()))
            if problems:
                errors.append(_refusal(definition, value, problems))
                continue
            value = coerce_input_value(value, kind)
        signature = get_variable_signature(schema, definition)
        assert isinstance(signature, GraphQLVariableSignature)
        values.sources[name] = VariableValueSource(signature, value)
        values.coerced[name] = value
    return errors or values


def _refusal(definition: VariableDefinitionNode, value: Any, problems: list[tuple[Path, str]]) -> GraphQLError:
    where, why = problems[0]
    at = f" for {'.'.join(map(str, where))}" if where else ""
    variable = f"${definition.variable.name.value} of type {print_ast(definition.type)}"
    return GraphQLError(
        f"Variable {variable} was provided invalid value{at} ({why})",
        nodes=definition,
        extensions={
            "code": "INVALID_VARIABLE",
            "value": value,
            "problems": [{"path": list(path), "explanation": text} for path, text in problems],
        },
    )


@cache
def fits(kind: GraphQLInputType) -> Callable[[Any], bool]:
    """Return a quick test for values of a type that need no coercion.

    It answers False for a single value in place of a list too, which is no problem but needs coercion.
    """
    if is_non_null_type(kind):
        return _present_fits(kind.of_type)
    present = _present_fits(kind)
    return lambda value: value is None or present(value)


def _present_fits(kind: GraphQLInputType) -> Callable[[Any], bool]:
    if is_list_type(kind):
        each = fits(kind.of_type)
        return lambda value: isinstance(value, list) and all(map(each, value))
    if isinstance(kind, GraphQLInputObjectType):
        return _object_fits(kind)
    return _leaf_fits(kind)


def _object_fits(kind: GraphQLInputObjectType) -> Callable[[Any], bool]:
    tests = {name: fits(field.type) for name, field in kind.fields.items()}
    required = {name for name, field in kind.fields.items() if is_non_null_type(field.type) or _has_default(field)}

    def test(value: Any) -> bool:
        if not isinstance(value, dict) or not required <= value.keys() <= tests.keys():
            return False
        for name, inner in value.items():  # noqa: SIM110 - runs for every row; the plain loop is quicker
            if not tests[name](inner):
                return False
        return True

    return test


def _has_default(field: GraphQLInputField) -> bool:
    return field.default_value is not Undefined or field.default is not None


@cache
def _leaf_fits(kind: Any) -> Callable[[Any], bool]:
    if is_enum_type(kind):
        return lambda value: isinstance(value, str) and value in kind.values
    return LEAVES.get(kind.name, lambda value: isinstance(value, str))


LEAVES: dict[str, Callable[[Any], bool]] = {
    "ID": lambda value: isinstance(value, str) and value.startswith("gid://shopify/"),
    "Int": lambda value: isinstance(value, int) and -(2**31) <= value < 2**31 and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
}
"""What fits each scalar; the others take a string."""


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
    if _leaf_fits(kind)(value):
        return None
    if kind.name == "ID":
        return f"Invalid global id '{value}'"
    if is_enum_type(kind):
        return f"Expected {_show(value)} to be one of: {', '.join(kind.values)}"
    return f"Could not coerce value {_show(value)} to {kind.name}"


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
