"""The inventory mutations as GraphQL sees them: access, the directive, the compare's key; then the rules decide."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLError, VariableNode, get_directive_values, print_ast

from include.sandbox.shopify import versions
from include.sandbox.shopify.access import require
from include.sandbox.shopify.connection import refusal
from include.sandbox.shopify.context import Context, Info
from include.sandbox.shopify.inventory import activation, adjustment, items, movement, setting
from include.sandbox.shopify.inventory.errors import OTHER_PARAMETERS, ItemPayload, LevelPayload, Payload, UserError
from include.sandbox.shopify.inventory.keys import Keyed
from include.sandbox.shopify.inventory.rows import Unstocked
from include.sandbox.shopify.orders import placing
from include.sandbox.shopify.store import Store

Rows = Iterable[Mapping[str, Any]]


def adjust_quantities(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Check what the schema cannot say, then adjust. Access comes first (inferred), then the directive (recorded)."""
    context = info.context
    _may_write(info, "apply changes to inventory quantities")
    data = arguments["input"]
    keyed = _keyed(info)
    _check_compare_present(info, "InventoryChangeInput", data["changes"])
    if context.user_error:
        return Payload(errors=(UserError(None, context.user_error),))
    slip_in = _order_one(context.store, data["changes"]) if context.slip_in else None
    request = adjustment.Request(data, keyed, _unstocked(context), _inactive_is_unstocked(context), slip_in)
    return adjustment.adjust(context.store, request)


def set_quantities(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Set available or on_hand."""
    context = info.context
    _may_write(info, "update an inventory")
    data = arguments["input"]
    keyed = _keyed(info)
    _check_compare_present(info, "InventoryQuantityInput", data["quantities"])
    if context.user_error:
        return Payload(errors=(UserError(None, context.user_error),))
    request = setting.Request(
        data,
        keyed,
        data["name"],
        compares_by_quantity=context.version < versions.COMPARE_KEY_REQUIRED_SINCE,
        unstocked=_unstocked(context, until="2026-01"),
        inactive_is_unstocked=_inactive_is_unstocked(context),
        before_compare=_order_one(context.store, data["quantities"]) if context.slip_in else None,
    )
    return setting.set_quantities(context.store, request)


def set_on_hand(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Set on_hand the old way; its enum knows no repeated level, so the last row wins (inferred)."""
    context = info.context
    _may_write(info, "update an inventory")
    data = arguments["input"]
    keyed = _keyed(info)
    _check_compare_present(info, "InventorySetQuantityInput", data["setQuantities"])
    if context.user_error:
        return Payload(errors=(UserError(None, context.user_error),))
    request = setting.Request(
        data,
        keyed,
        "on_hand",
        list_name="setQuantities",
        may_repeat=True,
        unstocked=_unstocked(context, until="2026-01"),
        inactive_is_unstocked=_inactive_is_unstocked(context),
        before_compare=_order_one(context.store, data["setQuantities"]) if context.slip_in else None,
    )
    return setting.set_quantities(context.store, request)


def move_quantities(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Move between the named quantities of a location."""
    context = info.context
    _may_write(info, "move an inventory")
    data = arguments["input"]
    keyed = _keyed(info)
    _check_compare_present(
        info, "InventoryMoveQuantityTerminalInput", (x[end] for x in data["changes"] for end in movement.ENDS)
    )
    if context.user_error:
        return Payload(errors=(UserError(None, context.user_error),))
    return movement.move(
        context.store, movement.Request(data, keyed, _unstocked(context), _inactive_is_unstocked(context))
    )


def activate(_source: Any, info: Info, **arguments: Any) -> LevelPayload:
    """Stock an item at a location."""
    context = info.context
    _may_write(info, "activate an inventory item")
    if arguments.get("stockAtLegacyLocation"):
        raise GraphQLError(
            "inventoryActivate(stockAtLegacyLocation:) is not emulated", extensions={"code": "NOT_EMULATED"}
        )
    keyed = _keyed(info)
    wanted = activation.Activation(
        arguments["inventoryItemId"],
        arguments["locationId"],
        arguments.get("available"),
        arguments.get("onHand"),
        keyed,
    )
    return activation.activate(context.store, wanted)


def deactivate(_source: Any, info: Info, **arguments: Any) -> LevelPayload:
    """Cease to stock an item at a location."""
    _may_write(info, "deactivate an inventory")
    return activation.deactivate(info.context.store, arguments["inventoryLevelId"], wipes=_wipes(info.context))


def toggle(_source: Any, info: Info, **arguments: Any) -> ItemPayload:
    """Stock an item at some locations and cease to at others."""
    _may_write(info, "update the activation status of an inventory")
    wanted = [(row["locationId"], row["activate"]) for row in arguments["inventoryItemUpdates"]]
    return activation.toggle(info.context.store, arguments["inventoryItemId"], wanted, wipes=_wipes(info.context))


def update_item(_source: Any, info: Info, **arguments: Any) -> ItemPayload:
    """Change an item."""
    _may_write(info, "update an inventory item")
    return items.update(info.context.store, arguments["id"], arguments["input"])


def _may_write(info: Info, what: str) -> None:
    """The texts are those of the scope table of 2026-10 (documented)."""
    require(info, "write_inventory", also=f"permission to {what}")


def _unstocked(context: Context, until: str = versions.NOT_STOCKED_IS_AN_ERROR_UNTIL) -> Unstocked:
    """By version unless set. Since 2026-04 a set succeeds where an adjustment still fails (reported).

    The newest version has no code for the error, so it cannot be had there.
    """
    chosen = context.settings.unstocked
    if chosen == "by_version":
        return "error" if context.version <= until else "silent"
    if chosen == "error" and context.version > versions.NOT_STOCKED_IS_AN_ERROR_UNTIL:
        return "silent"
    return chosen


def _inactive_is_unstocked(context: Context) -> bool:
    return context.version < versions.INACTIVE_KEEPS_QUANTITIES_SINCE


def _wipes(context: Context) -> bool:
    return context.version < versions.INACTIVE_KEEPS_QUANTITIES_SINCE


def _keyed(info: Info) -> Keyed:
    """Return the key of @idempotent. Missing: recorded on 2026-04. Blank: forbidden (documented), error inferred."""
    context = info.context
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if values is None:
        if context.version >= versions.DIRECTIVE_REQUIRED_SINCE:
            raise refusal("The @idempotent directive is required for this mutation but was not provided.")
        return Keyed(None, "", context.settings.replay)
    key: str = values["key"]
    if not key.strip():
        raise refusal("The idempotency key cannot be an empty string or whitespace only.")
    mismatch = OTHER_PARAMETERS if context.version >= versions.MISMATCH_REPORTED_SINCE else None
    return Keyed(key, _fingerprint(info, context.raw_variables), context.settings.replay, context.busy(key), mismatch)


def _check_compare_present(info: Info, kind: str, rows: Rows) -> None:
    """The key changeFromQuantity must be there, even if null; points at field and variable (recorded on 2026-04)."""
    if info.context.version < versions.COMPARE_KEY_REQUIRED_SINCE or all("changeFromQuantity" in row for row in rows):
        return
    node = info.field_nodes[0]
    nodes: list[Any] = [node]
    declared = info.operation.variable_definitions or ()
    for value in _values(node):
        if isinstance(value, VariableNode):
            nodes += [d for d in declared if d.variable.name.value == value.name.value]
    raise GraphQLError(
        f"{kind} must include the following argument: changeFromQuantity.",
        nodes=nodes,
        path=info.path.as_list(),
        extensions={"code": "INVALID_FIELD_ARGUMENTS"},
    )


def _fingerprint(info: Info, raw: Mapping[str, Any]) -> str:
    """Digest the arguments as they were sent: the order of an input's fields counts (documented).

    That the mutation itself counts is inferred.
    """
    parts = [info.field_name]
    for value in _values(info.field_nodes[0]):
        text = print_ast(value)
        parts += [text, *(json.dumps(raw.get(name)) for name in re.findall(r"\$(\w+)", text))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _values(node: FieldNode) -> list[Any]:
    return [argument.value for argument in node.arguments or ()]


def _order_one(store: Store, rows: Rows) -> Callable[[], None]:
    """Return a function that orders one unit of the first compared row, so that its compare fails."""

    def order() -> None:
        for row in rows:
            if row.get("changeFromQuantity") is not None:
                placing.place(store, [placing.Wanted(row["inventoryItemId"], row["locationId"], 1)])
                return

    return order


MUTATIONS: dict[str, Callable[..., Any]] = {
    "inventoryActivate": activate,
    "inventoryAdjustQuantities": adjust_quantities,
    "inventoryBulkToggleActivation": toggle,
    "inventoryDeactivate": deactivate,
    "inventoryItemUpdate": update_item,
    "inventoryMoveQuantities": move_quantities,
    "inventorySetOnHandQuantities": set_on_hand,
    "inventorySetQuantities": set_quantities,
}
