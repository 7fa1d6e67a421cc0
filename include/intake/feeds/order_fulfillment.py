"""Fulfilled order items as JSON: each unit leaves its facility, and its reservation ends.

HotWax's job `JOB_ITM_RECEIPT` as the seed page Inventory has it ("marks the item as completed"), and the feed
`IMP_ODR_ITM_FLFLMNT`: an array of `orderMap` objects, one per NetSuite item fulfilment. The same fulfilment counts
once, whatever file it comes in: see `stock.orders.fulfilments`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from psycopg import Rollback

from include.db.sql import statement
from include.intake import netsuite_time, snapshot_time
from include.intake.data_manager import Config
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.staging import JsonRow
from include.stock import ledger
from include.stock.orders import fulfilments

LAYOUT = Layout(
    title="order fulfilment",
    example='[{"orderMap": {"orderId": "10435", "items": [{"orderItemSeqId": "00001", "externalFacilityId": "43", ...',
    columns={
        "orderId": "order_id",
        "orderItemSeqId": "order_item_seq_id",
        "externalFacilityId": "external_facility_id",
        "facilityId": "facility_id",
        "quantity": "quantity",
        "shippedDate": "shipped_date",
        "trackingNumber": "tracking_number",
    },
    required=(),
    speaks_of_a_moment=False,
)

SHIPPED_AT = "shipped_at"
"""Staging column with the shipped date as it was understood."""

STAGED = (*LAYOUT.columns.values(), SHIPPED_AT)


def rows(value: Mapping[str, object], config: Config) -> Iterator[JsonRow]:
    """Split one `orderMap` into its items."""
    order = value.get("orderMap", value)
    items = order.get("items") if isinstance(order, Mapping) else None
    if not isinstance(order, Mapping) or not isinstance(items, list):
        yield JsonRow({}, value, "no order with a list of items; expected orderMap with orderId and items")
        return
    whole = {name: each for name, each in order.items() if name != "items"}
    line = _text(value.get("line"))
    for item in items:
        element = {"orderMap": whole | {"items": [item]}}
        if isinstance(item, Mapping):
            yield JsonRow(_columns(order, item, config) | {"line": line}, element)
        else:
            yield JsonRow({}, element, "an item is no object; expected orderItemSeqId, quantity and so on")


def _columns(order: Mapping[str, object], item: Mapping[str, object], config: Config) -> dict[str, str | None]:
    columns = {
        column: _text(item.get(name, order.get(name) if name == "orderId" else None))
        for name, column in LAYOUT.columns.items()
    }
    written = columns["shipped_date"]
    shipped = netsuite_time.moment(written, config.zone(), day_first=config.day_first) if written else None
    return columns | {SHIPPED_AT: shipped.isoformat() if shipped else None}


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def check(file: StagedFile) -> int:
    """Count what can be counted, and refuse the rest; returns how many that are."""
    connection, parameters = file.connection, file.parameters()
    ledger.open_for_posting(connection)
    fulfilments.create_fulfilled_items(connection)
    connection.execute(
        statement(__file__, "fill_fulfilled_item"), parameters | {"clocks_apart": snapshot_time.CLOCKS_APART}
    )
    with connection.transaction() as attempt:
        fulfilments.complete(connection, file.log.data_manager_log_id)
        refused = connection.execute(
            b"SELECT line_number, complaint FROM fulfilled_item WHERE complaint IS NOT NULL"
        ).fetchall()
        if refused and file.config.error_policy == "ALL_OR_NOTHING":
            raise Rollback(attempt)
    reasons = {"line_numbers": [line for line, _ in refused], "reasons": [reason for _, reason in refused]}
    return connection.execute(statement(__file__, "reject_listed"), parameters | reasons).rowcount


def post(file: StagedFile) -> Posted:
    """Post what the counted items do to stock."""
    counted = file.connection.execute(
        b"SELECT count(*) FILTER (WHERE NOT coalesce(is_repeated, FALSE)), count(*) FILTER (WHERE is_repeated)"
        b" FROM fulfilled_item WHERE complaint IS NULL"
    ).fetchone()
    assert counted is not None
    ledger.post(file.connection, datetime.now(UTC), file.log.data_manager_log_id)
    return Posted(changed=counted[0], unchanged=0, superseded=counted[1])
