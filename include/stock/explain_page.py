"""An explanation as a page of text, and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from include.stock.explanation import Explanation, FacilityPart, Reason
from include.stock.movements import Movement

IN_WORDS = {
    Reason.PRODUCT_STORE: "the product is not in the shop, or the location is not mapped: nothing is pushed",
    Reason.PRODUCT_FACILITY: "nothing was ever posted there",
    Reason.INVENTORY_GROUP: "no member of the group now",
    Reason.ALLOW_BROKERING_INVENTORY_GROUP: "brokering is off for the channel",
    Reason.ALLOW_BROKERING_FACILITY: "brokering is off there",
    Reason.FACILITY_TYPE: "neither store nor warehouse",
    Reason.NEGATIVE_SUM: "ATP over the facilities adds up to less than nothing",
}


def as_json(explained: Any) -> Any:
    """An explanation, or any part of it, in what `json.dumps` takes: what is computed from the parts as well.

    Numbers are whole where they can be, moments ISO 8601 in UTC.
    """
    match explained:
        case Decimal():
            return int(explained) if explained == explained.to_integral_value() else float(explained)
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
    channel = explained.channel
    return [
        f"{explained.sku or explained.product_id} at {explained.location_id} of shop {explained.shop_id}",
        *aligned(
            [
                ("product", f"{explained.product_id}, {explained.internal_name}"),
                ("inventory item", explained.inventory_item_id or "none: the product is not in the shop"),
                ("channel", f"{channel.inventory_channel_id}, group {channel.facility_group_id}"),
                ("as of", _moment(explained.explained_at)),
            ]
        ),
    ]


def _facilities(explained: Explanation) -> list[str]:
    if not explained.facilities:
        return [f"Facilities: none in group {explained.channel.facility_group_id}"]
    table = [("FACILITY", "QOH", "ATP", "SAFETY STOCK", "COUNTS", "WHY NOT")]
    table += [
        (
            part.facility_id,
            _number(part.quantity_on_hand),
            _number(part.available_to_promise),
            _number(part.safety_stock),
            _number(part.promised) if part.counts else "-",
            "; ".join(_why_not(part)),
        )
        for part in explained.facilities
    ]
    lines = aligned(table, right={1, 2, 3, 4})
    if explained.elsewhere.facilities:
        lines.append(
            f"outside of the group: {_number(explained.elsewhere.available_to_promise)} available at"
            f" {explained.elsewhere.facilities} facilities ({Reason.INVENTORY_GROUP})"
        )
    return lines


def _why_not(part: FacilityPart) -> Iterable[str]:
    for reason in part.excluded_by:
        told = f"{reason}: {IN_WORDS[reason]}"
        if reason == Reason.INVENTORY_GROUP and part.member_from:
            told += f", from {_moment(part.member_from)}"
        elif reason == Reason.INVENTORY_GROUP and part.member_thru:
            told += f", until {_moment(part.member_thru)}"
        yield told


def _arithmetic(explained: Explanation) -> list[str]:
    channel = explained.channel
    threshold = f"at {channel.configuration_facility_id}" if channel.configuration_facility_id else "no configuration"
    table = [
        ("promised by the facilities", _number(explained.promised), f"their ATP: {_number(explained.total_available)}"),
        ("less threshold", _number(channel.threshold), threshold),
        ("less open in the order queue", _number(explained.deducted), _queue(explained)),
        ("adds up to", str(explained.recomputed_target), "; ".join(_zero(explained))),
    ]
    return aligned(table, right={1})


def _queue(explained: Explanation) -> str:
    queue = explained.queue
    if queue.open_quantity and not explained.channel.use_valid_atp:
        return f"at {queue.facility_id}: {_number(queue.open_quantity)}, not deducted by use_valid_atp"
    return f"at {queue.facility_id}"


def _zero(explained: Explanation) -> Iterable[str]:
    return (f"{reason}: {IN_WORDS[reason]}" for reason in explained.zero_because)


def _shopify(explained: Explanation) -> list[str]:
    level = explained.level
    waiting = "; the product is marked and will be recomputed" if explained.is_waiting else ""
    if level is None:
        return [f"target: not computed yet{waiting}"]
    check = "as above" if explained.agrees else "not what the parts above add up to"
    seen, flight = level.last_seen, level.in_flight
    table = [
        ("target", str(level.target), check + waiting),
        ("position", "-" if level.position is None else str(level.position), "what we believe Shopify shows"),
        ("delta", "-" if level.delta is None else f"{level.delta:+d}", _delta(explained)),
        ("last seen", str(seen.available) if seen else "-", f"{_moment(seen.seen_at)}, {seen.how}" if seen else ""),
    ]
    if flight is not None:
        told = f"from {flight.change_from_quantity}; batch {flight.outbox_batch_id} {flight.status_id}, key"
        told += f" {flight.idempotency_key}, planned {_moment(flight.created_at)}"
        told += f", sent {_moment(flight.sent_at)}" if flight.sent_at else ""
        told += f": {flight.message}" if flight.message else ""
        table.append(("in flight", f"{flight.delta:+d}", told))
    if level.quarantine_reason is not None:
        table.append(("quarantine", "yes", level.quarantine_reason))
    return aligned(table, right={1})


def _delta(explained: Explanation) -> str:
    level = explained.level
    assert level is not None
    if level.quarantine_reason is not None:
        return "not pushed: in quarantine"
    if level.delta is None:
        return "not pushed before the level has been seen in Shopify"
    if not explained.is_kept_up:
        return "not pushed: not mapped"
    if explained.channel.inventory_master != "OMS":
        return f"not pushed: {explained.channel.inventory_master} is master of this location"
    if level.in_flight is not None:
        return "under way"
    return "to be pushed" if level.delta else "nothing to push"


def _open_orders(explained: Explanation) -> list[str]:
    orders = explained.queue.orders
    if not orders:
        return []
    table = [("OPEN ORDER", "UNITS", "ID")]
    table += [(order.order_name or "-", str(order.quantity), order.order_id) for order in orders]
    return aligned(table, right={1})


def _number(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}" if quantity else "0"


def _signed(quantity: Decimal) -> str:
    return f"{quantity.normalize():+f}" if quantity else "0"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
