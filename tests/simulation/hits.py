"""The kinds of mishap that a run of many seeds has to meet."""

from __future__ import annotations

from collections import Counter

from tests.simulation.mishaps import BOUNDARIES
from tests.simulation.story import FAULTS

HAPPENINGS = (
    *("sell", "till", "cancel", "fulfil", "refund", "edit", "wait"),
    *("reset", "delta", "send_again", "rule", "kit", "restock"),
)


def fault(kind: str, parameters: dict[str, object]) -> str:
    """What a fault of the emulator is called in the table of hits."""
    detail = parameters.get("status", "applied" if parameters.get("applied") else "")
    return f"fault {kind} {detail}".rstrip()


KINDS = (
    *HAPPENINGS,
    *(fault(kind, parameters) for kind, parameters in FAULTS),
    *(f"death at a {where}" for where in BOUNDARIES),
    "request arrives twice",
    "second sender",
    "refresh before a commit",
)


def never_hit(hits: Counter[str]) -> list[str]:
    """The kinds that were never met."""
    return [kind for kind in KINDS if not hits[kind]]
