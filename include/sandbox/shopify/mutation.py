"""`inventoryAdjustQuantities` as GraphQL sees it: access, the directive, the compare's key; then `adjust` decides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLError, VariableNode, get_directive_values, print_ast

from include.sandbox.shopify import orders
from include.sandbox.shopify.access import require
from include.sandbox.shopify.adjust import Payload, Request, UserError, adjust
from include.sandbox.shopify.connection import refusal
from include.sandbox.shopify.context import Info
from include.sandbox.shopify.store import Store


def adjust_quantities(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Check what the schema cannot say, then adjust. Access comes first (inferred), then the directive (recorded)."""
    context = info.context
    require(info, "write_inventory", also="permission to apply changes to inventory quantities")
    key = _key(info)
    _check_compare_present(info, arguments["input"]["changes"])
    if context.concurrent:
        return Payload(errors=(UserError(None, "IDEMPOTENCY_CONCURRENT_REQUEST"),))
    request = Request(
        data=arguments["input"],
        key=key,
        fingerprint=_fingerprint(info, context.raw_variables),
        replay=context.settings.replay,
        in_progress=context.busy(key),
        before_compare=_order_one(context.store, arguments["input"]) if context.slip_in else None,
    )
    return adjust(context.store, request)


def _key(info: Info) -> str:
    """Return the key of @idempotent. Missing: recorded on 2026-04. Blank: forbidden (documented), error inferred."""
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if values is None:
        raise refusal("The @idempotent directive is required for this mutation but was not provided.")
    key: str = values["key"]
    if not key.strip():
        raise refusal("The idempotency key cannot be an empty string or whitespace only.")
    return key


def _check_compare_present(info: Info, rows: list[Mapping[str, Any]]) -> None:
    """The key changeFromQuantity must be there, even if null; points at field and variable (recorded on 2026-04)."""
    if all("changeFromQuantity" in row for row in rows):
        return
    node = info.field_nodes[0]
    nodes: list[Any] = [node]
    value = _input_value(node)
    if isinstance(value, VariableNode):
        declared = info.operation.variable_definitions or ()
        nodes += [d for d in declared if d.variable.name.value == value.name.value]
    raise GraphQLError(
        "InventoryChangeInput must include the following argument: changeFromQuantity.",
        nodes=nodes,
        path=info.path.as_list(),
        extensions={"code": "INVALID_FIELD_ARGUMENTS"},
    )


def _fingerprint(info: Info, raw: Mapping[str, Any]) -> str:
    """Digest the input as it was sent: the order of its fields counts (documented)."""
    value = _input_value(info.field_nodes[0])
    text = json.dumps(raw.get(value.name.value)) if isinstance(value, VariableNode) else print_ast(value)
    return hashlib.sha256(text.encode()).hexdigest()


def _input_value(node: FieldNode) -> Any:
    return next(argument.value for argument in node.arguments or () if argument.name.value == "input")


def _order_one(store: Store, data: Mapping[str, Any]) -> Callable[[], None]:
    """Return a function that orders one unit of the first compared row, so that its compare fails."""

    def order() -> None:
        for row in data["changes"]:
            if row["changeFromQuantity"] is not None:
                orders.place(store, [orders.Wanted(row["inventoryItemId"], row["locationId"], 1)])
                return

    return order
