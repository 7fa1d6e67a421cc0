"""The schemas with each field tied to its resolver: what the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from include.sandbox.shopify import fields, resolvers, versions
from include.sandbox.shopify import schema as schemas
from include.sandbox.shopify.context import Info, Plain


@cache
def load(version: str = versions.LATEST) -> GraphQLSchema:
    """Return the schema of a version, ready to run: the one that `schema.load` returns, with its resolvers.

    Raises:
        LookupError: a field of the schema has no resolver.
    """
    schema = schemas.load(version)
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = lambda value, _info, _kind: fields.TYPE_OF[type(value)]
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, definition in kind.fields.items():
                definition.resolve = _resolver(name, field_name, fields.PLAIN, resolvers.FULL)
    return schema


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
