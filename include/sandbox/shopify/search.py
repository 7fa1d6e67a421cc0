"""Shopify's search syntax as far as inventory work needs it.

Fields with `:`, `:>`, `:>=`, `:<`, `:<=` and quotes are understood, joined by AND or a space; `filters.py` says which
fields each list has. A field that Shopify does not know is ignored and reported in `extensions.search[].warnings`, so
the query returns more than was asked for (recorded on 2026-04). A field or operator that Shopify knows and the emulator
does not is refused, so that no test passes on a filter that did nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from include.sandbox.shopify.context import Info

TERM = re.compile(r"""\s*(?:(\w+):(>=|<=|>|<|=)?)?("[^"]*"|'[^']*'|[^\s()"']+|[()])""")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "": operator.eq,
}

Test = Callable[[Any], bool]
Filter = Callable[[str, str], Test | None]
"""Makes a test of an operator and a value; None if the value cannot be read."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The fields that the search of one list understands, and those that only Shopify does."""

    name: str
    fields: Mapping[str, Filter]
    elsewhere: frozenset[str] = frozenset()

    def not_emulated(self, what: str) -> GraphQLError:
        """Return the error for something that Shopify understands and the emulator does not."""
        *most, last = self.fields
        return GraphQLError(
            f"{self.name}(query:): {what} is not emulated; use {', '.join(most)} or {last}, joined by AND",
            extensions={"code": "NOT_EMULATED"},
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search: tests that all must hold, and the warnings to report."""

    tests: tuple[Test, ...] = ()
    warnings: tuple[dict[str, str], ...] = ()

    def matches(self, entry: Any) -> bool:
        """Say whether an entry fits all terms."""
        return all(test(entry) for test in self.tests)


def parse(text: str | None, filters: Filters) -> Query:
    """Parse the `query` argument of a list.

    Raises:
        GraphQLError: the text uses something that Shopify understands and the emulator does not.
    """
    tests: list[Test] = []
    warnings: list[dict[str, str]] = []
    for field, sign, value in _terms(text or "", filters):
        if field not in filters.fields:
            if field in filters.elsewhere:
                raise filters.not_emulated(f"the filter {field!r}")
            warnings.append(_warning(field, "Invalid search field for this query.", "invalid_field"))
            continue
        test = filters.fields[field](sign, value)
        if test:
            tests.append(test)
        else:
            # Reported: a filter that cannot be read is ignored. The wording is inferred.
            warnings.append(_warning(field, f"Input `{value}` is not an accepted value.", "invalid_value"))
    return Query(tuple(tests), tuple(warnings))


def parsed(info: Info, arguments: Mapping[str, Any], wanted: Filters) -> Query:
    """Parse a list's search; what it ignored is told in `extensions.search` (recorded on 2026-04)."""
    query = parse(arguments.get("query"), wanted)
    if query.warnings:
        info.context.searches.append(
            {"path": info.path.as_list(), "query": arguments["query"], "warnings": list(query.warnings)}
        )
    return query


def _terms(text: str, filters: Filters) -> Iterator[tuple[str, str, str]]:
    at = 0
    while at < len(text.rstrip()):
        match = TERM.match(text, at)
        if match is None or match[3] in ("(", ")"):
            raise filters.not_emulated(f"the search text {text[at:]!r}")
        at = match.end()
        field, sign, value = match[1], match[2] or "", match[3]
        if field is None:
            if value == "AND":
                continue
            raise filters.not_emulated(f"the search word {value!r} without a field")
        yield field, sign, value.strip("\"'")


def by_text(read: Callable[[Any], str]) -> Filter:
    """Filter by a text, which must be equal."""
    return lambda _sign, value: lambda entry: read(entry) == value


def by_number(read: Callable[[Any], int]) -> Filter:
    """Filter by a number, such as that in an id."""
    return lambda sign, value: _compared(read, sign, int(value)) if value.isdigit() else None


def by_time(read: Callable[[Any], float]) -> Filter:
    """Filter by a time. Time stamps have seconds resolution (recorded on 2026-04), so the comparison has too."""

    def make(sign: str, value: str) -> Test | None:
        moment = _moment(value)
        return None if moment is None else _compared(lambda entry: int(read(entry)), sign, moment)

    return make


def _compared(read: Callable[[Any], int], sign: str, wanted: int) -> Test:
    compare = COMPARE[sign]
    return lambda entry: compare(read(entry), wanted)


def _moment(value: str) -> int | None:
    """Read a date or a time; without an offset it counts as UTC (inferred: the shop's time zone is UTC here)."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _warning(field: str, message: str, code: str) -> dict[str, str]:
    return {"field": field, "message": message, "code": code}
