"""API versions: which are served, and how each older one differs from the newest (docs/emulator.md, Versions).

Documented in the changelog and read from the schemas of these versions. The schema of an older version is the newest
with `EXTENSIONS` added and `LATER` taken away.
"""

from __future__ import annotations

LATEST = "2026-10"
VERSIONS = ("2026-01", "2026-04", "2026-07", LATEST)

DIRECTIVE_REQUIRED_SINCE = "2026-04"
"""@idempotent came in 2026-01 and became required (documented)."""

COMPARE_KEY_REQUIRED_SINCE = "2026-04"
"""changeFromQuantity must be present, if only as null (documented, recorded)."""

INACTIVE_KEEPS_QUANTITIES_SINCE = "2026-04"
"""Deactivation no longer wipes quantities, and inactive levels can be adjusted (documented)."""

NOT_STOCKED_IS_AN_ERROR_UNTIL = "2026-07"
"""Later an adjustment stocks the item (documented: "inventory quantities can now be adjusted at any location")."""

MISMATCH_REPORTED_SINCE = "2026-07"
"""The version on which another wording was reported for a key with other parameters."""

NAME_HEADER_SINCE = "2026-04"
"""Webhooks carry the name of their subscription (documented)."""

EXTENSIONS = {
    "2026-07": """
extend enum InventoryAdjustQuantitiesUserErrorCode { ITEM_NOT_STOCKED_AT_LOCATION }
extend enum InventoryMoveQuantitiesUserErrorCode { ITEM_NOT_STOCKED_AT_LOCATION }
extend enum InventorySetOnHandQuantitiesUserErrorCode { ITEM_NOT_STOCKED_AT_LOCATION }
extend enum InventorySetQuantitiesUserErrorCode { ITEM_NOT_STOCKED_AT_LOCATION }
""",
    "2026-01": """
extend input InventoryQuantityInput { compareQuantity: Int }
extend input InventorySetQuantitiesInput { ignoreCompareQuantity: Boolean = false }
""",
}
"""What the versions up to the one named had besides."""

LATER = {
    "2026-04": (
        ("InventoryLevel", "isActive", None),
        ("InventoryItem", "inventoryLevel", "includeInactive"),
        ("InventoryItem", "inventoryLevels", "includeInactive"),
        ("Location", "inventoryLevel", "includeInactive"),
        ("Location", "inventoryLevels", "includeInactive"),
    ),
}
"""What came with the version named: type, field, and the argument if only that is new."""


def served(asked: str, supported: tuple[str, ...]) -> str | None:
    """Return the version that answers a request, or None if there is none.

    An unsupported older version falls forward to the oldest supported one (documented). That a version to come is not
    found is inferred; the release candidate and `unstable` are not emulated.
    """
    if asked in supported:
        return asked
    return min(supported) if asked < min(supported) else None


def extension(version: str) -> str:
    """Return the definitions that an older version has besides those of the newest."""
    return "".join(text for until, text in EXTENSIONS.items() if version <= until)


def missing(version: str) -> list[tuple[str, str, str | None]]:
    """Return the fields and arguments of the newest version that an older one does not have."""
    return [each for since, every in LATER.items() if version < since for each in every]
