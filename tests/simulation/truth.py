"""What stock must be: everything that has happened to it, by its moment and in plain Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

Place = tuple[str, str]
"""Product and facility."""


@dataclass
class Truth:
    """What the world knows of stock, whether Trueup has heard of it or not."""

    happened: list[tuple[datetime, int, str, Place, int]] = field(default_factory=list)

    def count(self, moment: datetime, place: Place, number: int) -> None:
        """There are so many to promise."""
        self.happened.append((moment, len(self.happened), "count", place, number))

    def move(self, moment: datetime, place: Place, units: int) -> None:
        """So many came, or went."""
        self.happened.append((moment, len(self.happened), "move", place, units))

    def stock(self) -> dict[Place, int]:
        """ATP at the facilities, which is what a replay in the order of moments gives."""
        found: defaultdict[Place, int] = defaultdict(int)
        for _, _, kind, place, units in sorted(self.happened):
            found[place] = units if kind == "count" else found[place] + units
        return dict(found)
