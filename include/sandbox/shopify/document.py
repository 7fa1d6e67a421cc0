"""The document of a request: parsed and validated once, its mistakes in the words of Shopify's server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
    parse,
    validate,
)

from include.sandbox.shopify import schema

# The library's messages in the words of Shopify's server: pattern, message, extensions.code. Recorded for the missing
# key and for unknown fields and directives; the others are reported or follow graphql-ruby's usual wording (inferred).
WORDINGS = (
    (r"Cannot query field '(\w+)' on type '(\w+)'.*", r"Field '\1' doesn't exist on type '\2'", "undefinedField"),
    (r"Unknown directive '@(\w+)'.*", r"Directive @\1 is not defined", "undefinedDirective"),
    (
        r"Argument '@(\w+)\((\w+):\)' of type '[^']+' is required.*",
        r"Directive '\1' is missing required arguments: \2",
        "missingRequiredArguments",
    ),
    (
        r"Argument '\w+\.(\w+)\((\w+):\)' of type '[^']+' is required.*",
        r"Field '\1' is missing required arguments: \2",
        "missingRequiredArguments",
    ),
    (
        r"Directive '@(\w+)' may not be used on mutation\..*",
        r"'@\1' can't be applied to mutations (allowed: fields)",
        "directiveCannotBeApplied",
    ),
    (
        r"Variable '\$(\w+)' is never used in operation '(\w+)'.*",
        r"Variable $\1 is declared by \2 but not used",
        "variableNotUsed",
    ),
    (
        r"Unknown argument '(\w+)' on field '\w+\.(\w+)'.*",
        r"Field '\2' doesn't accept argument '\1'",
        "argumentNotAccepted",
    ),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated once; `refused` holds the answer's errors if it is not valid."""

    version: str
    document: DocumentNode | None
    operations: tuple[OperationDefinitionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]
    refused: tuple[Mapping[str, Any], ...] = ()

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation to run; None if the name does not settle it."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((o for o in self.operations if o.name and o.name.value == name), None)

    def root_fields(self, name: str | None) -> list[FieldNode]:
        """Return the operation's own fields, fragments left aside."""
        operation = self.operation(name)
        selections = operation.selection_set.selections if operation else ()
        return [node for node in selections if isinstance(node, FieldNode)]


@lru_cache(maxsize=512)
def prepare(version: str, text: str) -> Prepared:
    """Parse and validate a document, once for each version and text."""
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return Prepared(version, None, (), {}, ({"message": error.message, "locations": _locations(error)},))
    errors = validate(schema.load(version), document)
    return Prepared(
        version,
        document,
        tuple(d for d in document.definitions if isinstance(d, OperationDefinitionNode)),
        {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)},
        tuple(_reworded(error) for error in errors),
    )


def keys_of(prepared: Prepared, name: str | None, raw: Mapping[str, Any]) -> list[str]:
    """Return the idempotency keys that a request carries, without running it."""
    keys = []
    for node in prepared.root_fields(name):
        for directive in node.directives or ():
            if directive.name.value != "idempotent":
                continue
            for argument in directive.arguments or ():
                value = argument.value
                key = raw.get(value.name.value) if isinstance(value, VariableNode) else None
                if isinstance(value, StringValueNode):
                    key = value.value
                if isinstance(key, str):
                    keys.append(key)
    return keys


def _reworded(error: GraphQLError) -> dict[str, Any]:
    for pattern, message, code in WORDINGS:
        if re.fullmatch(pattern, error.message, re.DOTALL):
            text = re.sub(pattern, message, error.message, flags=re.DOTALL)
            return {"message": text, "locations": _locations(error), "extensions": {"code": code}}
    return {"message": error.message, "locations": _locations(error)}


def _locations(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in error.locations or ()]
