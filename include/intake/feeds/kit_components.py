"""Kits and what they are made of: so many of each component, from when until when.

HotWax's kit list (`product/kit`), which NetSuite writes. Each row is the whole word on one component of one kit from
its fromDate on: an empty quantity is 1, an empty thruDate means for good. The newest file's word counts, whatever
order files arrive in; within a file a later fromDate takes over from an earlier one. What a file does not mention
stays. A kit that would hold itself, through whichever kits in between, is refused with the chain named.
"""

from typing import Any

from include.db.connection import Connection
from include.db.sql import statement
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.feeds import kit_cycles
from include.intake.feeds.kit_cycles import Edge

LAYOUT = Layout(
    title="kit component",
    example="productId,productIdTo,quantity,productAssocTypeId, or kit-sku,component-sku,quantity",
    columns={
        "productId": "product_id",
        "productIdTo": "product_id_to",
        "kit-sku": "kit_sku",
        "component-sku": "component_sku",
        "idType": "id_type",
        "quantity": "quantity",
        "productAssocTypeId": "product_assoc_type_id",
        "fromDate": "from_date",
        "thruDate": "thru_date",
    },
    required=(("product_id", "kit_sku"), ("product_id_to", "component_sku")),
    speaks_of_a_moment=True,
)

MOST_NAMED = 10
"""Repeated components that are named in the log; of the others there is the count."""


def check(file: StagedFile) -> int:
    """Refuse rows without two known products, with a value that is none, or that close a circle; returns how many."""
    connection, parameters = file.connection, _parameters(file)
    # Two files at once could each add half of a circle.
    connection.execute(b"SELECT pg_advisory_xact_lock(hashtextextended('writer of product_assoc', 0))")
    connection.execute(statement(__file__, "create_kit_row"))
    connection.execute(statement(__file__, "fill_kit_row"), parameters | _names(file))
    connection.execute(b"ANALYZE kit_row")
    connection.execute(statement(__file__, "supersede_kit_row"), parameters)
    _refuse_cycles(connection, parameters)
    return connection.execute(statement(__file__, "reject_kit_row"), parameters).rowcount


def post(file: StagedFile) -> Posted:
    """Write what kits hold, and make kits of products that hold something."""
    connection, parameters = file.connection, _parameters(file)
    connection.execute(statement(__file__, "create_kit_period"))
    connection.execute(statement(__file__, "fill_kit_period"), parameters)
    counted = connection.execute(statement(__file__, "count_kit_rows")).fetchone()
    assert counted is not None
    connection.execute(statement(__file__, "merge_product_assoc"), parameters)
    connection.execute(statement(__file__, "make_kits"))
    changed, unchanged, superseded = map(int, counted)
    return Posted(changed, unchanged, superseded, _repeated(connection))


def _refuse_cycles(connection: Connection, parameters: dict[str, Any]) -> None:
    """Only kits within kits can close a circle: there are few, and none is looked at unless the file adds one."""
    edges = [Edge(*row) for row in connection.execute(statement(__file__, "nested_kits"), parameters)]
    if closing := kit_cycles.closing(edges):
        chains = {"lines": list(closing), "chains": [" > ".join(chain) for chain in closing.values()]}
        connection.execute(statement(__file__, "complain_of_cycle"), chains)


def _repeated(connection: Connection) -> tuple[str, ...]:
    rows = connection.execute(statement(__file__, "repeated_components")).fetchall()
    named = [
        f"kit {kit}, component {component}: line {line} gives another quantity or end than line {last}, which counts"
        for kit, component, line, last in rows[:MOST_NAMED]
    ]
    if len(rows) > MOST_NAMED:
        named.append(f"and {len(rows) - MOST_NAMED:,} more lines that a later line contradicts")
    return tuple(named)


def _parameters(file: StagedFile) -> dict[str, Any]:
    return file.parameters() | {
        "file_modified_at": file.log.file_modified_at,
        "file_name": file.log.file_name,
        "time_zone": file.config.zone().key,
    }


def _names(file: StagedFile) -> dict[str, str]:
    return {f"{column}_name": file.written(column, name) for name, column in LAYOUT.columns.items()} | {
        "kit_column": file.written("product_id", file.written("kit_sku", "productId")),
        "component_column": file.written("product_id_to", file.written("component_sku", "productIdTo")),
    }
