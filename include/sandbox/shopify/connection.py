"""Pages of a connection: first/after, last/before, reverse; the cursor holds the position, not an offset."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

MAX_PAGE = 250  # documented
EVERYTHING = sys.maxsize
"""The `first` of a bulk query, which knows no pages. No client can send it: it is no Int."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its objects, their cursors, and whether there is more on either side."""

    nodes: list[Any]
    cursors: list[str]
    has_next: bool
    has_previous: bool


def paginate(entries: Iterable[Any], position: Callable[[Any], tuple[Any, ...]], arguments: Mapping[str, Any]) -> Page:
    """Cut a page out of `entries`.

    Args:
        entries: all objects of the connection, in any order.
        position: gives the sortable place of an object, ending with something unique.
        arguments: first, after, last, before, reverse as given to the field.

    Raises:
        GraphQLError: neither first nor last (recorded on 2026-04), a page above 250 (documented limit, wording
            inferred), or a cursor that is not ours (wording inferred).
    """
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise refusal("you must provide one of first or last")
    if first is not None and last is not None:
        raise refusal("providing both first and last is not supported")
    for name, size in (("first", first), ("last", last)):
        if size not in (None, EVERYTHING) and not 0 <= size <= MAX_PAGE:
            raise refusal(f"{name} must be between 0 and {MAX_PAGE}, got {size}")
    ordered = sorted(((position(e), e) for e in entries), key=lambda x: x[0], reverse=bool(arguments.get("reverse")))
    after, before = _place(arguments.get("after")), _place(arguments.get("before"))
    backwards = bool(arguments.get("reverse"))
    inside = [
        (p, e)
        for p, e in ordered
        if (after is None or _beyond(p, after, backwards)) and (before is None or _beyond(before, p, backwards))
    ]
    cut = inside[:first] if first is not None else inside[len(inside) - min(len(inside), last or 0) :]
    more = len(inside) > len(cut)
    return Page(
        nodes=[e for _, e in cut],
        cursors=[_cursor(p) for p, _ in cut],
        has_next=more if first is not None else before is not None,
        has_previous=after is not None if first is not None else more,
    )


def refusal(message: str) -> GraphQLError:
    """Return the error for a field argument that Shopify refuses with BAD_REQUEST."""
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def _beyond(place: tuple[Any, ...], mark: tuple[Any, ...], backwards: bool) -> bool:
    return place < mark if backwards else place > mark


def _cursor(position: tuple[Any, ...]) -> str:
    return base64.b64encode(json.dumps(position, separators=(",", ":")).encode()).decode()


def _place(cursor: str | None) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    try:
        return tuple(json.loads(base64.b64decode(cursor, validate=True)))
    except (ValueError, TypeError) as error:
        raise refusal("Invalid cursor for current pagination sort.") from error
