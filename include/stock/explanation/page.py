"""An explanation as a page of text, and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from include.stock.atp.kit_stock import Stock
from include.stock.explanation.model import Explanation, FacilityPart, InFlight, Level, Reason
from include.stock.movements import Movement

IN_WORDS = {
    Reason.PRODUCT_STORE: "the store does not sell from there now",
    Reason.PRODUCT_FACILITY: "nothing was ever posted there",
    Reason.INVENTORY_GROUP: "no member of the group now",
    Reason.ALLOW_BROKERING_INVENTORY_GROUP: "brokering is off for the channel",
    Reason.ALLOW_BROKERING_FACILITY: "brokering is off there",
    Reason.FACILITY_TYPE: "neither store nor warehouse",
    Reason.NEGATIVE_SUM: "ATP over the facilities adds up to less than nothing",
    Reason.PRE_ORDER_HOLD: "pre-orders or back-orders are open, and the store holds the product back for them",
    Reason.NOT_MAPPED: "the product is not in the shop, or the location is not mapped now: the target stays as it was",
    Reason.BUNDLE: "Shopify computes this bundle by itself",
    Reason.KIT_NUMBERS_OF_SHOP: "the shop computes its kits by itself",
    Reason.INVENTORY_MASTER: "Shopify is master of this location",
    Reason.HELD_CATEGORY: "the delta push leaves new launches out",
    Reason.QUARANTINE: "in quarantine",
    Reason.NOT_SEEN: "the level has not been seen in Shopify yet",
    Reason.IN_FLIGHT: "a change is under way",
}


def as_json(explained: Any) -> Any:
    """An explanation, or any part of it, in what `json.dumps` takes: what is computed from the parts as well.

    Numbers are whole where they can be, moments ISO 8601 in UTC.
    """
    match explained:
        case Decimal() | Fraction():
            return int(explained) if explained == int(explained) else float(explained)
        case datetime():
            return explained.isoformat()
        case tuple():
            return [as_json(each) for each in explained]
        case _ if is_dataclass(explained):
            names = [field.name for field in fields(explained)] + [
                name for name, member in vars(type(explained)).items() if isinstance(member, property)
            ]
            return {name: as_json(getattr(explained, name)) for name in names if not name.startswith("_")}
    return explained


def as_text(explained: Explanation) -> str:
    """An explanation as a page for a terminal."""
    parts = [
        _title(explained),
        _facilities(explained),
        _arithmetic(explained),
        _shopify(explained),
        _open_orders(explained),
        _incoming(explained),
        _rejected(explained),
        ledger_as_text(explained.movements),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def ledger_as_text(rows: Sequence[Movement]) -> list[str]:
    """Ledger rows as a table, each with where it comes from."""
    if not rows:
        return ["Ledger: no rows"]
    table = [("LEDGER", "EFFECTIVE", "FACILITY", "QOH", "ATP", "REASON", "FROM")]
    table += [
        (
            str(row.inventory_item_detail_id),
            _moment(row.effective_at),
            row.facility_id,
            _signed(row.quantity_on_hand_diff),
            _signed(row.available_to_promise_diff),
            row.reason_enum_id,
            row.source + (f": {row.description.strip()}" if row.description else ""),
        )
        for row in rows
    ]
    return aligned(table, right={3, 4})


def aligned(table: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Lines with columns as wide as their widest cell; those in `right` end at one edge."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    at_right = set(right)
    return [
        "  ".join(
            cell.rjust(width) if column in at_right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _title(explained: Explanation) -> list[str]:
    channel, item = explained.channel, explained.item
    kind = ", a kit" if item.is_kit else ""
    rows = [
        ("product", f"{item.product_id}, {item.internal_name}{kind}"),
        ("inventory item", item.inventory_item_id or "none: the product is not in the shop"),
        ("channel", f"{channel.inventory_channel_id}, group {channel.facility_group_id}"),
        ("as of", _moment(explained.explained_at)),
    ]
    if item.is_kit:
        held = ", ".join(
            f"{edge.kit_id} holds {_number(edge.quantity)} x {edge.component_id}" for edge in explained.kit
        )
        rows.insert(1, ("components", held or "none now: nothing can be made of it"))
    name = item.sku or item.product_id
    return [f"{name} at {explained.location_id} of shop {explained.shop_id}", *aligned(rows)]


def _facilities(explained: Explanation) -> list[str]:
    if not explained.facilities:
        return [f"Facilities: none in group {explained.channel.facility_group_id}"]
    table = [("FACILITY", "QOH", "ATP", "SAFETY STOCK", "COUNTS", "WHY NOT")]
    for part in explained.facilities:
        counts = _number(part.promised) if part.counts else "-"
        stock = (_number(part.stock.quantity_on_hand), _number(part.stock.available_to_promise))
        table.append((part.facility_id, *stock, _number(part.safety_stock), counts, "; ".join(_why_not(part))))
        table += _components(part.stock)
    lines = aligned(table, right={1, 2, 3, 4})
    rules = [part.rules for part in explained.facilities] + [each.rules for each in explained.configurations]
    lines += [f"{value.facility_id}: {value.told}" for values in rules for value in values]
    if explained.elsewhere.facilities:
        lines.append(
            f"outside of the group: {_number(explained.elsewhere.available_to_promise)} available at"
            f" {explained.elsewhere.facilities} facilities ({Reason.INVENTORY_GROUP})"
        )
    return lines


def _components(stock: Stock) -> Iterable[tuple[str, str, str, str, str, str]]:
    for part in stock.components:
        told = f"{float(part.quantity):g} x {part.product_id}"
        available = "-" if part.available_to_promise is None else _number(part.available_to_promise)
        makes = f"makes {part.makes}" + (": the bottleneck" if part.is_bottleneck else "")
        yield (f"  {told}", _number(part.quantity_on_hand), available, "", "", makes)


def _why_not(part: FacilityPart) -> Iterable[str]:
    for reason in part.excluded_by:
        told = f"{reason}: {IN_WORDS[reason]}"
        if reason == Reason.INVENTORY_GROUP and part.member_from:
            told += f", from {_moment(part.member_from)}"
        elif reason == Reason.INVENTORY_GROUP and part.member_thru:
            told += f", until {_moment(part.member_thru)}"
        yield told


def _arithmetic(explained: Explanation) -> list[str]:
    at = ", ".join(f"{_number(each.threshold)} at {each.facility_id}" for each in explained.configurations)
    target = explained.recomputed_target
    table = [
        ("promised by the facilities", _number(explained.promised), f"their ATP: {_number(explained.total_available)}"),
        ("less threshold", _number(explained.threshold), at or "none is set"),
        ("less open orders in queues", _number(explained.deducted), _queues(explained)),
        ("adds up to", "-" if target is None else str(target), _told(explained.zero_because)),
    ]
    return aligned(table, right={1})


def _queues(explained: Explanation) -> str:
    if not explained.queues:
        return f"orders reserve at {explained.channel.queue_facility_id} itself"
    told = ", ".join(f"{_number(queue.open_quantity)} in {queue.facility_id}" for queue in explained.queues)
    return told if explained.channel.deducts else f"{told}: not deducted by use_valid_atp or reserve_inventory"


def _told(reasons: Iterable[Reason]) -> str:
    return "; ".join(f"{reason}: {IN_WORDS[reason]}" for reason in reasons)


def _shopify(explained: Explanation) -> list[str]:
    level = explained.level
    waiting = "; the product is marked and will be recomputed" if explained.item.is_waiting else ""
    if level is None:
        return [f"target: none{waiting}  {_told(explained.no_target_because)}".rstrip()]
    check = "as above" if explained.agrees else "not what the parts above add up to"
    seen = level.last_seen
    table = [
        ("target", _optional(level.target), check + waiting),
        ("position", _optional(level.position), "what we believe Shopify shows"),
        ("delta", "-" if level.delta is None else f"{level.delta:+d}", _delta(explained, level)),
        ("last seen", str(seen.available) if seen else "-", f"{_moment(seen.seen_at)}, {seen.how}" if seen else ""),
    ]
    if level.in_flight is not None:
        table.append(("in flight", f"{level.in_flight.delta:+d}", _in_flight(level.in_flight)))
    if level.quarantine_reason is not None:
        table.append(("quarantine", "yes", level.quarantine_reason))
    return aligned(table, right={1})


def _in_flight(flight: InFlight) -> str:
    told = f"from {flight.change_from_quantity}; batch {flight.outbox_batch_id} {flight.status_id}, key"
    told += f" {flight.idempotency_key}, planned {_moment(flight.created_at)}"
    told += f", sent {_moment(flight.sent_at)}" if flight.sent_at else ""
    return told + (f": {flight.message}" if flight.message else "")


def _delta(explained: Explanation, level: Level) -> str:
    if explained.not_pushed_because:
        return f"not pushed now: {_told(explained.not_pushed_because)}"
    return "to be pushed" if level.delta else "nothing to push"


def _open_orders(explained: Explanation) -> list[str]:
    orders = explained.orders
    if not orders:
        return []
    table = [("OPEN ORDER", "UNITS", "ID")]
    table += [(order.order_name or "-", str(order.quantity), order.order_id) for order in orders]
    return aligned(table, right={1})


def _incoming(explained: Explanation) -> list[str]:
    if not explained.incoming:
        return []
    table = [("INCOMING", "FACILITY", "OPEN", "OF", "EXPECTED")]
    table += [
        (
            each.external_id or each.shipment_id,
            each.facility_id,
            _number(each.open_quantity),
            _number(each.quantity),
            _moment(each.expected_at) if each.expected_at else "-",
        )
        for each in explained.incoming
    ]
    return aligned(table, right={2, 3})


def _rejected(explained: Explanation) -> list[str]:
    if not explained.rejected:
        return []
    table = [("REJECTED", "FACILITY", "UNITS", "WHY", "RECEIVED", "THE ERP IS TOLD IN")]
    table += [
        (
            each.external_id or each.shipment_id,
            each.facility_id,
            _number(each.quantity),
            each.rejection_reason or "-",
            _moment(each.received_at),
            each.told_in or "-",
        )
        for each in explained.rejected
    ]
    return aligned(table, right={2})


def _optional(number: int | None) -> str:
    return "-" if number is None else str(number)


def _number(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}" if quantity else "0"


def _signed(quantity: Decimal) -> str:
    return f"{quantity.normalize():+f}" if quantity else "0"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
