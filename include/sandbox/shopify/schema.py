"""The schema of each version, as it is written down; `executable` ties its fields to what answers them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, build_schema, get_named_type

from include.sandbox.shopify import versions

FOLDER = Path(__file__).parent
FILES = (FOLDER / "schema.graphql", *sorted(FOLDER.glob("*/schema.graphql")))


def text() -> str:
    """Return the definitions of the newest version."""
    return "\n".join(path.read_text(encoding="utf-8") for path in FILES)


@cache
def load(version: str = versions.LATEST) -> GraphQLSchema:
    """Return the schema of a version.

    Built with assume_valid: Shopify's own schema deprecates fields that an interface requires, which the GraphQL
    specification forbids.
    """
    schema = build_schema(text() + versions.extension(version), assume_valid=True)
    for name, field, argument in versions.missing(version):
        kind = schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        if argument is None:
            del kind.fields[field]
        else:
            del kind.fields[field].args[argument]
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
