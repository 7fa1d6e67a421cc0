"""The matching of rules in plain Python: what the SQL must come to, written as the documentation says it."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal

from include.db.connection import Connection
from include.stock.atp_rules.model import Condition, RuleSet

Cell = tuple[str, str, str]
"""Product, facility, field."""

FIELDS = {
    "RG_THRESHOLD": ("minimum_stock", True),
    "RG_SAFETY_STOCK": ("minimum_stock", False),
    "RG_SHIPPING_CHANNEL": ("allow_brokering", True),
    "RG_SHIPPING_FACILITY": ("allow_brokering", False),
    "RG_PICKUP_CHANNEL": ("allow_pickup", True),
    "RG_PICKUP_FACILITY": ("allow_pickup", False),
}
"""Per type the field that it sets, and whether at configuration facilities."""

DEFAULT = {"minimum_stock": Decimal(0), "allow_brokering": Decimal(1), "allow_pickup": Decimal(1)}


@dataclass
class Range:
    """Products with their tags and features, facilities with their groups, and what people have said."""

    tags: dict[str, set[str]]
    features: dict[str, set[str]]
    groups: dict[str, set[str]]
    channels: set[str]
    base: dict[Cell, Decimal] = field(default_factory=dict)

    def expected(self, rules: RuleSet) -> dict[Cell, Decimal]:
        """Every value that is not the default."""
        values = dict(self.base)
        for group in rules:
            name, at_channel = FIELDS[group.rule_group_type_id]
            for rule in group.rules:
                if (group.status_id, rule.status_id) != ("ACTIVE", "ACTIVE"):
                    continue
                for product in self.tags:
                    for facility in self.groups:
                        has = self._has(product, facility)
                        if (facility in self.channels) == at_channel and all(
                            _holds(each, has) for each in rule.conditions
                        ):
                            values[product, facility, name] = rule.field_value
        return {cell: value for cell, value in values.items() if value != DEFAULT[cell[2]]}

    def _has(self, product: str, facility: str) -> Mapping[str, Set[str]]:
        return {
            "tags": self.tags[product],
            "features": self.features[product],
            "facilities": {facility},
            "facility_groups": self.groups[facility],
        }


def _holds(condition: Condition, has: Mapping[str, Set[str]]) -> bool:
    named = [value in has[condition.field_name] for value in condition.field_values]
    return {
        "any": any(named), "in": any(named), "all": all(named),
        "none": not any(named), "not_in": not any(named), "not_all": not all(named),
    }[condition.operator]  # fmt: skip


def values(connection: Connection) -> dict[Cell, Decimal]:
    """Every value of product_facility that is not the default."""
    rows = connection.execute(
        b"SELECT product_id, facility_id, minimum_stock, allow_brokering, allow_pickup FROM product_facility"
    ).fetchall()
    found = {
        (product, facility, name): Decimal(value)
        for product, facility, *said in rows
        for name, value in zip(DEFAULT, said, strict=True)
    }
    return {cell: value for cell, value in found.items() if value != DEFAULT[cell[2]]}
