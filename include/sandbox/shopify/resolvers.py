"""What each field of the schema answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLResolveInfo, VariableNode, get_directive_values, print_ast

from include.sandbox.shopify import orders, search
from include.sandbox.shopify.access import require
from include.sandbox.shopify.adjust import Payload, Request, UserError, adjust
from include.sandbox.shopify.connection import Page, paginate, refusal
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import (
    ON_HAND_PARTS,
    QUANTITY_NAMES,
    FulfillmentOrder,
    Group,
    Item,
    Level,
    Line,
    Location,
    Order,
    Store,
    timestamp,
)

SHOP = {
    "id": "gid://shopify/Shop/92891250994",
    "name": "Trueup Sandbox",
    "myshopifyDomain": "trueup-sandbox.myshopify.com",
}
APP_ID = "gid://shopify/AppInstallation/871402668338"


@dataclass(slots=True)
class Context:
    """What resolvers need of one request.

    `busy` says whether another request with the key is running; `concurrent` and `slip_in` come from faults.
    """

    store: Store
    settings: Settings
    raw_variables: Mapping[str, Any] = field(default_factory=dict)
    busy: Callable[[str], bool] = lambda key: False
    concurrent: bool = False
    slip_in: bool = False
    searches: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named quantity of a level."""

    level: Level
    name: str

    @property
    def id(self) -> str:
        """The quantity's global id; its form is inferred."""
        return f"{self.level.id.replace('InventoryLevel', 'InventoryQuantity', 1)}&name={self.name}"


@dataclass(frozen=True, slots=True)
class GroupChange:
    """One row of an adjustment group as the API shows it."""

    name: str
    delta: int
    item: str
    location: str
    ledger: str | None


@dataclass(frozen=True, slots=True)
class Installation:
    """The app as installed in the shop."""

    id: str = APP_ID


TYPE_OF: dict[type, str] = {
    Item: "InventoryItem",
    Level: "InventoryLevel",
    Location: "Location",
    Order: "Order",
    FulfillmentOrder: "FulfillmentOrder",
    Line: "FulfillmentOrderLineItem",
    Group: "InventoryAdjustmentGroup",
    Quantity: "InventoryQuantity",
    Installation: "AppInstallation",
    UserError: "InventoryAdjustQuantitiesUserError",
}


# --- look-ups by id ---------------------------------------------------------------------------------------------------


def _find(context: Context, info: GraphQLResolveInfo, gid: str) -> Any:
    store = context.store
    kind = gid.removeprefix("gid://shopify/").partition("/")[0]
    if kind == "InventoryItem":
        require(context.settings, info, "read_inventory", "read_products")
        return store.items.get(gid)
    if kind in ("InventoryLevel", "InventoryAdjustmentGroup"):
        require(context.settings, info, "read_inventory")
        return store.levels_by_id.get(gid) or store.groups.get(gid)
    if kind == "Location":
        require(context.settings, info, "read_locations", "read_inventory")
        return store.locations.get(gid)
    if kind == "Order":
        require(context.settings, info, "read_orders")
        versions = store.orders.get(gid)
        return versions[-1] if versions else None
    if kind == "FulfillmentOrder":
        _require_fulfillment(context, info)
        return next((p for v in store.orders.values() for p in v[-1].fulfillment_orders if p.id == gid), None)
    return None


def _typed(kind: str) -> Callable[..., Any]:
    def resolve(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        gid = arguments.get("id")
        if gid is None:
            raise refusal(f"{info.field_name} needs an id in the emulator: it has no default {info.field_name}")
        _check_type(gid, kind)
        return _find(info.context, info, gid)

    return resolve


def _check_type(gid: str, kind: str) -> None:
    """Recorded: a global id of another type is RESOURCE_NOT_FOUND."""
    if not gid.startswith(f"gid://shopify/{kind}/"):
        raise GraphQLError(f"Invalid id: {gid}", extensions={"code": "RESOURCE_NOT_FOUND"})


def _node(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    return _find(info.context, info, arguments["id"])


def _nodes(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """Unknown ids give null in their place (recorded)."""
    return [_find(info.context, info, gid) for gid in arguments["ids"]]


def _level_at(source: Item | Location, info: GraphQLResolveInfo, **arguments: Any) -> Level | None:
    """Inactive levels are hidden unless asked for (recorded on 2026-04)."""
    context: Context = info.context
    require(context.settings, info, "read_inventory")
    if isinstance(source, Item):
        _check_type(arguments["locationId"], "Location")
        pair = (source.id, arguments["locationId"])
    else:
        _check_type(arguments["inventoryItemId"], "InventoryItem")
        pair = (arguments["inventoryItemId"], source.id)
    level = context.store.levels.get(pair)
    return level if level and (level.active or arguments["includeInactive"]) else None


# --- connections ------------------------------------------------------------------------------------------------------


def _no_query(info: GraphQLResolveInfo, arguments: Mapping[str, Any]) -> None:
    for name in ("query", "savedSearchId"):
        if arguments.get(name) is not None:
            raise GraphQLError(
                f"{info.field_name}({name}:) is not emulated; leave it out and filter the answer",
                extensions={"code": "NOT_EMULATED"},
            )


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2].partition("?")[0])


def _levels(source: Item | Location, info: GraphQLResolveInfo, **arguments: Any) -> Page:
    context: Context = info.context
    require(context.settings, info, "read_inventory")
    _no_query(info, arguments)
    side = context.store.levels_of_item if isinstance(source, Item) else context.store.levels_of_location
    levels = side.get(source.id, [])
    shown = [x for x in levels if x.active or arguments["includeInactive"]]
    return paginate(shown, lambda x: (_number(x.id),), arguments)


def _locations(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Page:
    """Only active locations that belong to no fulfilment service, unless asked for more (documented)."""
    context: Context = info.context
    require(context.settings, info, "read_locations", "read_inventory")
    _no_query(info, arguments)
    shown = [
        x
        for x in context.store.locations.values()
        if (x.active or arguments["includeInactive"]) and (not x.legacy or arguments["includeLegacy"])
    ]
    if arguments["sortKey"] == "NAME":
        return paginate(shown, lambda x: (x.name, _number(x.id)), arguments)
    return paginate(shown, lambda x: (_number(x.id),), arguments)


ORDER_SORTS: dict[str, Callable[[Order], int]] = {
    "UPDATED_AT": lambda order: int(order.updated),
    "CREATED_AT": lambda order: int(order.created),
    "PROCESSED_AT": lambda order: int(order.created),
    "ORDER_NUMBER": lambda order: order.number,
    "ID": lambda order: _number(order.id),
}


def _orders(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Page:
    context: Context = info.context
    require(context.settings, info, "read_orders")
    _no_query(info, {"savedSearchId": arguments.get("savedSearchId")})
    sort = ORDER_SORTS.get(arguments["sortKey"])
    if sort is None:
        raise GraphQLError(
            f"orders(sortKey: {arguments['sortKey']}) is not emulated; use one of {', '.join(ORDER_SORTS)}",
            extensions={"code": "NOT_EMULATED"},
        )
    query = search.parse(arguments.get("query"))
    if query.warnings:
        context.searches.append(
            {"path": info.path.as_list(), "query": arguments["query"], "warnings": list(query.warnings)}
        )
    store = context.store
    known = search.index(store.orders.values(), store.now() - context.settings.order_search_lag)
    return paginate((x for x in known if query.matches(x)), lambda x: (sort(x), _number(x.id)), arguments)


def _require_fulfillment(context: Context, info: GraphQLResolveInfo) -> None:
    """One of the fulfilment order scopes is needed (documented); that the field errors without one is inferred."""
    whose = ("merchant_managed", "assigned", "third_party")
    require(context.settings, info, *(f"read_{x}_fulfillment_orders" for x in whose))


def _fulfillment_orders(source: Order, info: GraphQLResolveInfo, **arguments: Any) -> Page:
    _require_fulfillment(info.context, info)
    _no_query(info, arguments)
    return paginate(source.fulfillment_orders, lambda x: (_number(x.id),), arguments)


def _line_items(source: FulfillmentOrder, _info: GraphQLResolveInfo, **arguments: Any) -> Page:
    return paginate(source.lines, lambda x: (_number(x.id),), arguments)


# --- levels and groups ------------------------------------------------------------------------------------------------


def _quantities(source: Level, _info: GraphQLResolveInfo, **arguments: Any) -> list[Quantity]:
    for name in arguments["names"]:
        if name not in QUANTITY_NAMES:
            # Inferred: the code; the names are documented.
            raise refusal(f"Invalid quantity name {name!r}; valid names are: {', '.join(QUANTITY_NAMES)}.")
    return [Quantity(source, name) for name in arguments["names"]]


def _quantity_updated(source: Quantity, _context: Context) -> str | None:
    """`available` always has one, on_hand never, the others since they were first touched (recorded on 2026-04)."""
    at = source.level.touched.get(source.name)
    return None if at is None else timestamp(at)


def _group_changes(source: Group, info: GraphQLResolveInfo, **arguments: Any) -> list[GroupChange]:
    """Each row shows with the on_hand that moved along, which has no ledger document (recorded on 2026-04)."""
    wanted = ((arguments.get("inventoryItemIds"), "item"), (arguments.get("locationIds"), "location"))
    filters = [*wanted, (arguments.get("quantityNames"), "name")]
    return [
        row
        for row in _group_rows(info.context.store, source)
        if all(values is None or getattr(row, attribute) in values for values, attribute in filters)
    ]


def _group_rows(store: Store, group: Group) -> Iterator[GroupChange]:
    for change in store.history[group.start : group.end]:
        yield GroupChange(change.name, change.delta, change.item, change.location, group.ledger)
        if change.name in ON_HAND_PARTS:
            yield GroupChange("on_hand", change.delta, change.item, change.location, None)


def _payload_group(source: Payload, info: GraphQLResolveInfo) -> Group | None:
    require(info.context.settings, info, "read_inventory")
    return source.group


# --- the mutation -----------------------------------------------------------------------------------------------------


def _adjust(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Payload:
    """Check what the schema cannot say, then adjust. Access comes first (inferred), then the directive (recorded)."""
    context: Context = info.context
    require(context.settings, info, "write_inventory", also="permission to apply changes to inventory quantities")
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


def _key(info: GraphQLResolveInfo) -> str:
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


def _check_compare_present(info: GraphQLResolveInfo, rows: list[Mapping[str, Any]]) -> None:
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


def _fingerprint(info: GraphQLResolveInfo, raw: Mapping[str, Any]) -> str:
    """Digest the input as it was sent: the order of its fields counts (documented)."""
    value = _input_value(info.field_nodes[0])
    text = json.dumps(raw.get(value.name.value)) if isinstance(value, VariableNode) else print_ast(value)
    return hashlib.sha256(text.encode()).hexdigest()


def _input_value(node: FieldNode) -> Any:
    return next(argument.value for argument in node.arguments if argument.name.value == "input")


def _order_one(store: Store, data: Mapping[str, Any]) -> Callable[[], None]:
    """Return a function that orders one unit of the first compared row, so that its compare fails."""

    def order() -> None:
        for row in data["changes"]:
            if row["changeFromQuantity"] is not None:
                orders.place(store, [orders.Wanted(row["inventoryItemId"], row["locationId"], 1)])
                return

    return order


# --- the tables -------------------------------------------------------------------------------------------------------

Plain = Callable[[Any, Context], Any]


def _edges(page: Page, _context: Context) -> list[dict[str, Any]]:
    return [{"cursor": c, "node": n} for c, n in zip(page.cursors, page.nodes, strict=True)]


CONNECTION: dict[str, Plain] = {"nodes": lambda x, c: x.nodes, "edges": _edges, "pageInfo": lambda x, c: x}
EDGE: dict[str, Plain] = {"cursor": lambda x, c: x["cursor"], "node": lambda x, c: x["node"]}
LEGACY: dict[str, Plain] = {"id": lambda x, c: x.id, "legacyResourceId": lambda x, c: str(_number(x.id))}
CREATED: dict[str, Plain] = {"createdAt": lambda x, c: timestamp(x.created)}
STAMPS: dict[str, Plain] = {**CREATED, "updatedAt": lambda x, c: timestamp(x.updated)}

PLAIN: dict[str, dict[str, Plain]] = {
    "PageInfo": {
        "endCursor": lambda x, c: x.cursors[-1] if x.cursors else None,
        "startCursor": lambda x, c: x.cursors[0] if x.cursors else None,
        "hasNextPage": lambda x, c: x.has_next,
        "hasPreviousPage": lambda x, c: x.has_previous,
    },
    "Shop": {name: lambda x, c, name=name: x[name] for name in SHOP},  # type: ignore[misc]
    "AppInstallation": {"id": lambda x, c: x.id, "accessScopes": lambda x, c: list(c.settings.scopes)},
    "AccessScope": {"handle": lambda x, c: x, "description": lambda x, c: x.replace("_", " ").capitalize()},
    "InventoryItem": {
        **LEGACY,
        **CREATED,
        "updatedAt": lambda x, c: timestamp(x.created),
        "sku": lambda x, c: x.sku,
        "tracked": lambda x, c: x.tracked,
    },
    "InventoryLevel": {
        **STAMPS,
        "id": lambda x, c: x.id,
        "isActive": lambda x, c: x.active,
        "canDeactivate": lambda x, c: len(c.store.levels_of_item[x.item]) > 1,
        "deactivationAlert": lambda x, c: None,
        "item": lambda x, c: c.store.items[x.item],
        "location": lambda x, c: c.store.locations[x.location],
    },
    "InventoryQuantity": {
        "id": lambda x, c: x.id,
        "name": lambda x, c: x.name,
        "quantity": lambda x, c: x.level.quantity(x.name),
        "updatedAt": _quantity_updated,
    },
    "Location": {
        **LEGACY,
        **CREATED,
        "updatedAt": lambda x, c: timestamp(x.created),
        "name": lambda x, c: x.name,
        "isActive": lambda x, c: x.active,
        "deactivatedAt": lambda x, c: None if x.active else timestamp(x.created),
        "fulfillsOnlineOrders": lambda x, c: x.fulfills_online,
        "hasActiveInventory": lambda x, c: any(y.active for y in c.store.levels_of_location.get(x.id, ())),
        "isFulfillmentService": lambda x, c: x.legacy,
        "shipsInventory": lambda x, c: x.active and x.fulfills_online,
    },
    "Order": {
        **LEGACY,
        **STAMPS,
        "name": lambda x, c: x.name,
        "number": lambda x, c: x.number,
        "sourceName": lambda x, c: x.source,
        "processedAt": lambda x, c: timestamp(x.created),
        "cancelledAt": lambda x, c: None if x.cancelled is None else timestamp(x.cancelled),
        "displayFulfillmentStatus": lambda x, c: x.fulfillment_status,
    },
    "FulfillmentOrder": {
        **STAMPS,
        "id": lambda x, c: x.id,
        "status": lambda x, c: x.status,
        "assignedLocation": lambda x, c: c.store.locations[x.location],
    },
    "FulfillmentOrderAssignedLocation": {"name": lambda x, c: x.name, "location": lambda x, c: x},
    "FulfillmentOrderLineItem": {
        "id": lambda x, c: x.id,
        "inventoryItemId": lambda x, c: x.item,
        "sku": lambda x, c: c.store.items[x.item].sku,
        "totalQuantity": lambda x, c: x.total,
        "remainingQuantity": lambda x, c: x.remaining,
    },
    "InventoryAdjustmentGroup": {
        **CREATED,
        "id": lambda x, c: x.id,
        "reason": lambda x, c: x.reason,
        "referenceDocumentUri": lambda x, c: x.reference,
    },
    "InventoryChange": {
        "name": lambda x, c: x.name,
        "delta": lambda x, c: x.delta,
        "quantityAfterChange": lambda x, c: None,  # null in every answer recorded on 2026-04
        "ledgerDocumentUri": lambda x, c: x.ledger,
        "item": lambda x, c: c.store.items.get(x.item),
        "location": lambda x, c: c.store.locations.get(x.location),
    },
    "InventoryAdjustQuantitiesPayload": {"userErrors": lambda x, c: x.errors},
    "InventoryAdjustQuantitiesUserError": {
        "field": lambda x, c: x.field,
        "message": lambda x, c: x.message,
        "code": lambda x, c: x.code,
    },
}

FULL: dict[str, dict[str, Callable[..., Any]]] = {
    "QueryRoot": {
        "node": _node,
        "nodes": _nodes,
        "inventoryItem": _typed("InventoryItem"),
        "inventoryLevel": _typed("InventoryLevel"),
        "location": _typed("Location"),
        "order": _typed("Order"),
        "locations": _locations,
        "orders": _orders,
        "shop": lambda source, info: SHOP,
        "currentAppInstallation": lambda source, info: Installation(),
    },
    "Mutation": {"inventoryAdjustQuantities": _adjust},
    "InventoryItem": {"inventoryLevel": _level_at, "inventoryLevels": _levels},
    "Location": {"inventoryLevel": _level_at, "inventoryLevels": _levels},
    "InventoryLevel": {"quantities": _quantities},
    "Order": {"fulfillmentOrders": _fulfillment_orders},
    "FulfillmentOrder": {"lineItems": _line_items},
    "InventoryAdjustmentGroup": {"changes": _group_changes},
    "InventoryAdjustQuantitiesPayload": {"inventoryAdjustmentGroup": _payload_group},
}
