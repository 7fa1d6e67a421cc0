"""Finds what people name: a product by any of its identifications, a facility, a shop, a location of it.

Who names something that there is not is told what there is nearby.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction

STORES_AND_WAREHOUSES = ("WAREHOUSE", "RETAIL_STORE")
"""The kinds of facility that hold stock."""

MOST_NEARBY = 5
"""How many names a message offers in place of one that is not known."""


class NotIdentified(NeedsAction):
    """A name leads to nothing, or to more than one thing. The message says what there is nearby."""


@dataclass(frozen=True, slots=True)
class Location:
    """A location of a shop, by the mapping that holds now, or else the newest.

    Attributes:
        location_id: Shopify's id.
        inventory_channel_id: The mapping.
        is_mapped: Whether the mapping holds now.
    """

    location_id: str
    inventory_channel_id: str
    is_mapped: bool


def shop(connection: Connection, shop_id: str | None) -> str:
    """Find a shop by its id or its myshopify domain; None: the only one there is.

    Raises:
        NotIdentified: There is no such shop, or there are several.
    """
    rows = connection.execute(b"SELECT shop_id, myshopify_domain FROM shopify_shop ORDER BY shop_id").fetchall()
    ids = [row[0] for row in rows]
    if shop_id is None and len(ids) == 1:
        return str(ids[0])
    if shop_id is None:
        raise NotIdentified(f"{len(ids)} shops are set up; expected the name of one of them: {_listed(ids)}")
    for found, domain in rows:
        if shop_id in (found, domain):
            return str(found)
    raise NotIdentified(f"shop {shop_id!r}: no such shop is set up; there {_are(ids, 'shop')}")


def product(connection: Connection, identification: str, shop_id: str | None = None) -> str:
    """Find a product by its SKU, its id, any other identification, or its inventory item in a shop.

    What is a SKU or a product id counts as such, whatever else it may be.

    Args:
        connection: Trueup's database.
        identification: What the product is called.
        shop_id: The shop whose inventory item ids are known as well.

    Returns:
        The product id.

    Raises:
        NotIdentified: Nothing is called so, or several products are.
    """
    parameters = {"identification": identification.strip(), "shop_id": shop_id}
    rows = connection.execute(statement(__file__, "identify"), parameters).fetchall()
    best = {product_id: kind for rank, kind, product_id in rows if rank == rows[0][0]}
    if len(best) == 1:
        return str(next(iter(best)))
    if best:
        told = ", ".join(f"{product_id} ({kind})" for product_id, kind in best.items())
        raise NotIdentified(f"{identification!r} is several products: {told}; expected a SKU or a product id")
    values = [row[0] for row in connection.execute(statement(__file__, "identify_nearby"), parameters)]
    raise NotIdentified(
        f"{identification!r}: no product has it as SKU, product id or other identification;"
        f" {nearby(identification, values)}"
    )


def facility(connection: Connection, name: str, facility_types: Iterable[str] | None = None) -> str:
    """Find a facility by its id, its external id (the NetSuite location) or its name.

    Args:
        connection: Trueup's database.
        name: What it is called.
        facility_types: The kinds of facility that are meant; None: all.

    Returns:
        The facility id.

    Raises:
        NotIdentified: There is none of these kinds, or several have that name.
    """
    wanted, kinds = name.strip(), None if facility_types is None else list(facility_types)
    rows = connection.execute(
        b"SELECT facility_id, external_id, facility_name FROM facility"
        b" WHERE %(kinds)s::text[] IS NULL OR facility_type_id = ANY(%(kinds)s::text[]) ORDER BY facility_id",
        {"kinds": kinds},
    ).fetchall()
    for column in range(3):
        found = [row[0] for row in rows if row[column] == wanted]
        if len(found) == 1:
            return str(found[0])
        if found:
            raise NotIdentified(f"facility {name!r} is several: {_listed(found)}; expected the id of one")
    names = [each for row in rows for each in row if each is not None]
    raise NotIdentified(
        f"facility {name!r}: no {' or '.join(kinds or ['facility'])} has this id, external id or name;"
        f" {nearby(wanted, names)}"
    )


def location(connection: Connection, shop_id: str, name: str | None) -> Location:
    """Find a location of a shop by Shopify's id, its number, or its inventory channel; None: the only one mapped.

    Raises:
        NotIdentified: The shop has no such location, or has several.
    """
    rows = connection.execute(statement(__file__, "identify_locations"), {"shop_id": shop_id}).fetchall()
    locations = [Location(*row) for row in rows]
    if name is None:
        if len(mapped := [each for each in locations if each.is_mapped]) == 1:
            return mapped[0]
        raise NotIdentified(
            f"shop {shop_id!r} has {len(mapped)} mapped locations; expected one of them: "
            + (_listed(_called(each) for each in mapped) or "map one in inventory_channel first")
        )
    wanted = name.strip()
    for each in locations:
        if wanted in (each.location_id, each.location_id.rpartition("/")[2], each.inventory_channel_id):
            return each
    raise NotIdentified(
        f"location {name!r}: shop {shop_id!r} has no such location in inventory_channel; there "
        + _are([_called(each) for each in locations], "location")
    )


def nearby(wanted: str, values: Iterable[str]) -> str:
    """Say which of the values are called like what is wanted, and what to do."""
    by_lower = {value.lower(): value for value in values}
    close = get_close_matches(wanted.lower(), by_lower, n=MOST_NEARBY, cutoff=0.5)
    if not close:
        return "nothing is called like it: check what it is called, or set it up"
    return f"nearby: {', '.join(by_lower[each] for each in close)}. Correct it, or set it up"


def _called(each: Location) -> str:
    return f"{each.location_id} ({each.inventory_channel_id})"


def _are(names: list[str], what: str) -> str:
    if not names:
        return f"is no {what} yet: set one up first"
    return f"{'is' if len(names) == 1 else 'are'} {_listed(names)}"


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_NEARBY} more" if len(listed) > MOST_NEARBY else ""
    return ", ".join(listed[:MOST_NEARBY]) + more
