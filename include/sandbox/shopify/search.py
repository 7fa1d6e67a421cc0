"""The order search: Shopify's search syntax as far as inventory work needs it, over an index that lags.

`updated_at`, `created_at`, `id`, `name` and `status` are understood, with `:`, `:>`, `:>=`, `:<`, `:<=` and quotes,
joined by AND or a space. A field that Shopify does not know is ignored and reported in `extensions.search[].warnings`,
so the query returns more than was asked for (recorded on 2026-04). A field or operator that Shopify knows and the
emulator does not is refused, so that no test passes on a filter that did nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from include.sandbox.shopify.store import Order

TERM = re.compile(r"""\s*(?:(\w+):(>=|<=|>|<|=)?)?("[^"]*"|'[^']*'|[^\s()"']+|[()])""")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "": operator.eq,
}
# Documented filters of `orders` that the emulator does not have.
KNOWN_ELSEWHERE = frozenset(
    {
        "cart_token",
        "channel",
        "channel_id",
        "chargeback_status",
        "checkout_token",
        "confirmation_number",
        "credit_card_last4",
        "current_total_price",
        "customer_id",
        "delivery_method",
        "discount_code",
        "email",
        "financial_status",
        "fraud_protection_level",
        "fulfillment_location_id",
        "fulfillment_status",
        "gateway",
        "location_id",
        "payment_id",
        "payment_provider_id",
        "po_number",
        "processed_at",
        "reference_location_id",
        "return_status",
        "risk_level",
        "sales_channel",
        "sku",
        "source_identifier",
        "source_name",
        "subtotal_line_items_quantity",
        "tag",
        "tag_not",
        "test",
        "total_weight",
    }
)
STATUSES: dict[str, Callable[[Order], bool]] = {
    "any": lambda order: True,
    "cancelled": lambda order: order.cancelled is not None,
    "open": lambda order: order.cancelled is None and order.fulfillment_status != "FULFILLED",
}

Test = Callable[[Order], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search: tests that all must hold, and the warnings to report."""

    tests: tuple[Test, ...] = ()
    warnings: tuple[dict[str, str], ...] = ()

    def matches(self, order: Order) -> bool:
        """Say whether an order fits all terms."""
        return all(test(order) for test in self.tests)


def parse(text: str | None) -> Query:
    """Parse the `query` argument of `orders`.

    Raises:
        GraphQLError: the text uses something that Shopify understands and the emulator does not.
    """
    tests: list[Test] = []
    warnings: list[dict[str, str]] = []
    for field, sign, value in _terms(text or ""):
        if field not in ("updated_at", "created_at", "id", "name", "status"):
            if field in KNOWN_ELSEWHERE:
                raise _not_emulated(f"the filter {field!r}")
            warnings.append(_warning(field, "Invalid search field for this query.", "invalid_field"))
            continue
        test = _test(field, sign, value)
        if test:
            tests.append(test)
        else:
            # Reported: a filter that cannot be read is ignored. The wording is inferred.
            warnings.append(_warning(field, f"Input `{value}` is not an accepted value.", "invalid_value"))
    return Query(tuple(tests), tuple(warnings))


def index(orders: Iterable[list[Order]], until: float) -> Iterator[Order]:
    """Yield what the search knows: of each order the newest version from `until` (seconds since 1970) or before.

    That the real search index lags behind writes is documented; that it shows a whole older version is inferred.
    """
    for versions in orders:
        for version in reversed(versions):
            if version.updated <= until:
                yield version
                break


def _terms(text: str) -> Iterator[tuple[str, str, str]]:
    at = 0
    while at < len(text.rstrip()):
        match = TERM.match(text, at)
        if match is None or match[3] in ("(", ")"):
            raise _not_emulated(f"the search text {text[at:]!r}")
        at = match.end()
        field, sign, value = match[1], match[2] or "", match[3]
        if field is None:
            if value == "AND":
                continue
            raise _not_emulated(f"the search word {value!r} without a field")
        yield field, sign, value.strip("\"'")


def _test(field: str, sign: str, value: str) -> Test | None:
    compare = COMPARE[sign]
    if field == "status":
        return STATUSES.get(value)
    if field == "name":
        return lambda order: order.name.lstrip("#") == value.lstrip("#")
    if field == "id":
        number = int(value) if value.isdigit() else None
        return None if number is None else lambda order: compare(int(order.id.rpartition("/")[2]), number)
    moment = _moment(value)
    if moment is None:
        return None
    # Time stamps have seconds resolution (recorded on 2026-04), so the comparison has too.
    if field == "updated_at":
        return lambda order: compare(int(order.updated), moment)
    return lambda order: compare(int(order.created), moment)


def _moment(value: str) -> int | None:
    """Read a date or a time; without an offset it counts as UTC (inferred: the shop's time zone is UTC here)."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _warning(field: str, message: str, code: str) -> dict[str, str]:
    return {"field": field, "message": message, "code": code}


def _not_emulated(what: str) -> GraphQLError:
    return GraphQLError(
        f"orders(query:): {what} is not emulated; use updated_at, created_at, id, name or status, joined by AND",
        extensions={"code": "NOT_EMULATED"},
    )
