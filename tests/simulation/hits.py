"""The kinds of mishap that a run of many seeds has to meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.simulation import story

AT_SHOP = ("sell", "till", "cancel", "fulfil", "refund")


def fault(kind: str, parameters: Mapping[str, object]) -> str:
    """What a fault of the emulator is called in the table of hits."""
    details = [str(value) for name, value in parameters.items() if name in ("status", "code")]
    details += [name for name in ("applied", "reset") if parameters.get(name)]
    return " ".join(["fault", kind, *details])


KINDS = (
    *AT_SHOP,
    *(happening for happening in story.HAPPENINGS if happening not in ("shop", "break_off")),
    *(fault(kind, parameters) for kind, parameters in story.FAULTS),
    *(f"{kind} at a {boundary}" for kind, boundary in story.MISHAPS),
    "file server hung up",
    "request arrives twice",
    "second sender",
    "refresh before a commit",
    "webhook came twice",
    "webhook never came",
    "two batches under way",
    "four batches under way",
    "token granted",
    "job of another shop",
)


def never_hit(hits: Counter[str]) -> list[str]:
    """The kinds that were never met."""
    return [kind for kind in KINDS if not hits[kind]]
