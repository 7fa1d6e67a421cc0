"""What stock must be: everything that has happened to it, by its moment and in plain Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

Place = tuple[str, str]
"""Product and facility."""


@dataclass
class Truth:
    """What the world knows of stock, whether Trueup has heard of it or not.

    Attributes:
        knows_more_than_erp: Whether the counts are those of an ERP that has not heard of what people found.
    """

    knows_more_than_erp: bool = False
    happened: list[tuple[datetime, int, str, Place, int]] = field(default_factory=list)

    def count(self, moment: datetime, place: Place, number: int) -> None:
        """There are so many to promise."""
        self.happened.append((moment, len(self.happened), "count", place, number))

    def move(self, moment: datetime, place: Place, units: int) -> None:
        """So many came, or went."""
        self.happened.append((moment, len(self.happened), "move", place, units))

    def find(self, moment: datetime, place: Place, units: int) -> None:
        """Somebody has found so many more, or fewer."""
        self.happened.append((moment, len(self.happened), "find", place, units))

    def stock(self) -> dict[Place, int]:
        """ATP at the facilities, which is what a replay in the order of moments gives."""
        stock: defaultdict[Place, int] = defaultdict(int)
        found: defaultdict[Place, int] = defaultdict(int)
        for _, _, kind, place, units in sorted(self.happened):
            if kind == "find":
                found[place] += units
            stock[place] = units + self.knows_more_than_erp * found[place] if kind == "count" else stock[place] + units
        return dict(stock)
