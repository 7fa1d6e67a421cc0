"""Kits: products of which a facility has as many as its scarcest component makes.

    at a facility: min over components of floor(component ATP / quantity per kit)

Components are what has stock of its own, through kits within kits: the database's function `kit_components` says which
and how many, now; a component that several kits within a kit hold counts together. Online a kit follows the same
formula as any product, with its own safety stock, threshold and switches (see docs/adr). Its number is computed with
the targets and kept nowhere else.

HotWax's job `BLK_RCNT_KIT_INV` (seed page Inventory) is `set_up_inventory`; `UPD_KIT_PRDCT_TYPE` is `keep_types`.
"""

from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.atp import online_atp


@dataclass(frozen=True, slots=True)
class KitInventory:
    """How many kits were computed, and how many levels, of kits or not, got another target."""

    kits: int
    levels: int


@dataclass(frozen=True, slots=True)
class KitTypes:
    """How many products became kits, how many ceased to be, and how many kits never had a component."""

    made: int
    unmade: int
    without_components: int


def set_up_inventory(connection: Connection, *, include_all: bool = False) -> KitInventory:
    """Compute what kits can promise, with everything else that waits to be computed.

    Args:
        connection: Trueup's database, outside a transaction.
        include_all: All kits; otherwise those of which something has changed since they were last computed.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        if include_all:
            connection.execute(b"INSERT INTO dirty_product (product_id) SELECT product_id FROM product WHERE is_kit")
        levels = online_atp.recompute_dirty(connection)
        row = connection.execute(b"SELECT count(DISTINCT product_id) FROM refresh_component").fetchone()
        assert row is not None
        return KitInventory(row[0], levels)


def keep_types(connection: Connection) -> KitTypes:
    """Make kits of the products that have components, and products again of those that have none any more."""
    with connection.transaction():
        row = connection.execute(statement(__file__, "keep_kit_types")).fetchone()
    assert row is not None
    return KitTypes(*row)
