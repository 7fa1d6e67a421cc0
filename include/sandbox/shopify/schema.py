"""Loads the schema of a version and ties each of its fields to a resolver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema, get_named_type

from include.sandbox.shopify import versions
from include.sandbox.shopify.context import Info, Plain

FOLDER = Path(__file__).parent
FILES = (FOLDER / "schema.graphql", *sorted(FOLDER.glob("*/schema.graphql")))


def text() -> str:
    """Return the definitions of the newest version."""
    return "\n".join(path.read_text(encoding="utf-8") for path in FILES)


@cache
def load(version: str = versions.LATEST) -> GraphQLSchema:
    """Return the executable schema of a version.

    Built with assume_valid: Shopify's own schema deprecates fields that an interface requires, which the GraphQL
    specification forbids.

    Raises:
        LookupError: a field of the schema has no resolver.
    """
    # Here, not above: a bulk operation's document is checked against the schema by one of the resolvers.
    from include.sandbox.shopify import fields, resolvers

    schema = build_schema(text() + versions.extension(version), assume_valid=True)
    for name, field, argument in versions.missing(version):
        kind = schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        if argument is None:
            del kind.fields[field]
        else:
            del kind.fields[field].args[argument]
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = lambda value, _info, _kind: fields.TYPE_OF[type(value)]
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, definition in kind.fields.items():
                definition.resolve = _resolver(name, field_name, fields.PLAIN, resolvers.FULL)
    return schema


def operations() -> tuple[str, ...]:
    """Return the names of all queries and mutations."""
    loaded = load()
    return tuple(name for root in (loaded.query_type, loaded.mutation_type) if root for name in root.fields)


def codes(operation: str) -> tuple[str, ...]:
    """Return the codes that a mutation's user errors can have; none if it has no codes."""
    mutation = load().mutation_type
    found: Any = mutation.fields.get(operation) if mutation else None
    for name in ("userErrors", "code"):
        found = get_named_type(found.type).fields.get(name) if found else None
    return tuple(get_named_type(found.type).values) if found else ()


def _resolver(
    type_name: str,
    field_name: str,
    plain_fields: Mapping[str, Mapping[str, Plain]],
    full_fields: Mapping[str, Mapping[str, Callable[..., Any]]],
) -> Callable[..., Any]:
    full = full_fields.get(type_name, {}).get(field_name)
    if full:
        return full
    table = plain_fields.get(type_name)
    if table is None and type_name.endswith(("Connection", "Edge")):
        table = plain_fields["Connection" if type_name.endswith("Connection") else "Edge"]
    if table is None or field_name not in table:
        raise LookupError(
            f"schema.graphql has {type_name}.{field_name}, but neither fields.py nor resolvers.py answers it: add it"
        )
    plain = table[field_name]

    def resolve(source: Any, info: Info) -> Any:
        return plain(source, info.context)

    return resolve
