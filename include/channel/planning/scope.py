"""Which Shopify locations a run of a sync job is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction


class NothingInScope(NeedsAction):
    """A parameter of a sync job names something that is not there, or nothing is left of the locations."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The parameters that HotWax's sync jobs share; the defaults mean everything.

    Attributes:
        facility_group_id: Only locations that show what this facility group can promise.
        shopify_facility_group_id: Only locations mapped to a facility in this group.
        exclude_facility_ids: No location mapped to one of these facilities.

    A location is mapped to the facility in which its orders reserve: the store itself, or the virtual order queue of
    a location that shows what many facilities can promise together.
    """

    facility_group_id: str | None = None
    shopify_facility_group_id: str | None = None
    exclude_facility_ids: tuple[str, ...] = ()


def locations(connection: Connection, shop_id: str, scope: Scope) -> list[str]:
    """The locations of a shop that a run is about: mapped now, Trueup being their master, and within the scope.

    Args:
        connection: Trueup's database.
        shop_id: The shop.
        scope: What the run was given.
    """
    rows = connection.execute(
        statement(__file__, "select_scope"),
        {
            "shop_id": shop_id,
            "facility_group_id": scope.facility_group_id,
            "shopify_facility_group_id": scope.shopify_facility_group_id,
            "exclude_facility_ids": list(scope.exclude_facility_ids),
        },
    )
    return [row[0] for row in rows]


def check(connection: Connection, scope: Scope) -> None:
    """See to it that whatever a run was given is there: a slip of the pen must not silently sync nothing, or too much.

    Raises:
        NothingInScope: A facility group or facility does not exist.
    """
    groups = {row[0] for row in connection.execute(b"SELECT facility_group_id FROM facility_group")}
    for name, given in (
        ("facilityGroupId", scope.facility_group_id),
        ("shopifyFacilityGroupId", scope.shopify_facility_group_id),
    ):
        if given is not None and given not in groups:
            raise NothingInScope(f"{name} {given!r}: no such facility group; there are {sorted(groups)}")
    known = {
        row[0]
        for row in connection.execute(
            b"SELECT facility_id FROM facility WHERE facility_id = ANY(%s)", [list(scope.exclude_facility_ids)]
        )
    }
    if missing := sorted(set(scope.exclude_facility_ids) - known):
        raise NothingInScope(f"excludeFacilityIds {missing}: no such facilities; nothing was synchronised")


def use_valid_atp(connection: Connection, chosen: Mapping[str, Sequence[str]], *, use: bool) -> None:
    """Set whether the channels of some locations deduct open orders from what they show; kept for all sync jobs.

    Args:
        connection: Trueup's database.
        chosen: The locations, by shop.
        use: Whether the virtual order queue is deducted.
    """
    for shop_id, location_ids in chosen.items():
        connection.execute(
            b"UPDATE inventory_channel SET use_valid_atp = %s WHERE shop_id = %s AND location_id = ANY(%s)"
            b" AND from_date <= now() AND thru_date > now() AND use_valid_atp <> %s",
            [use, shop_id, list(location_ids), use],
        )
