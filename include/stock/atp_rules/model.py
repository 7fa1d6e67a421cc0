"""What rules consist of: HotWax's rule groups, decision rules and conditions."""

from dataclasses import dataclass
from decimal import Decimal

from include.errors import NeedsAction

TYPES: dict[str, str] = {
    "threshold": "RG_THRESHOLD",
    "safety_stock": "RG_SAFETY_STOCK",
    "shipping_channel": "RG_SHIPPING_CHANNEL",
    "shipping_facility": "RG_SHIPPING_FACILITY",
    "pickup_channel": "RG_PICKUP_CHANNEL",
    "pickup_facility": "RG_PICKUP_FACILITY",
}
"""The types of rule groups as the rules' file writes them, with HotWax's name of each (`rule_group_type`)."""

OF_MINIMUM = ("RG_THRESHOLD", "RG_SAFETY_STOCK")
"""Types whose rules set a number; the others set a switch."""

OPERATORS: dict[str, tuple[str, ...]] = {
    "tags": ("any", "all", "none", "not_all"),
    "features": ("any", "all", "none", "not_all"),
    "facilities": ("in", "not_in"),
    "facility_groups": ("any", "all", "none", "not_all"),
}
"""What conditions look at, and how each may be compared."""

STATUSES = ("ACTIVE", "DRAFT", "ARCHIVED")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `field_name` and `operator` as in `OPERATORS`, `field_values` in order and each once."""

    field_name: str
    operator: str
    field_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `field_value` is what it sets where all its conditions hold: a number, for a switch 1 or 0."""

    rule_id: str
    rule_name: str
    status_id: str
    field_value: Decimal
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of one type, in their order."""

    rule_group_id: str
    rule_group_type_id: str
    description: str | None
    status_id: str
    rules: tuple[Rule, ...]


RuleSet = tuple[RuleGroup, ...]
"""All groups, in their order."""


class RulesRefused(NeedsAction):
    """The rules cannot be taken, and none of them was. The message has a line for each mistake."""

    @classmethod
    def because_of(cls, source: str, mistakes: list[str]) -> "RulesRefused":
        """Refuse the rules of a file.

        Args:
            source: The file.
            mistakes: Where each is, what was found and what was expected.
        """
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        return cls("\n- ".join([f"{source}: {count}, no rule was taken; correct the file and run again:", *mistakes]))
