"""Online ATP in plain Python, read from the tables and computed the long way, level by level."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

from include.db.connection import Connection

HIGHEST = 1_000_000_000


def expected(connection: Connection) -> dict[tuple[str, str, str], int | None]:
    """The target of every mapped product, by shop, product and location; None where there is none."""
    return dict(_Model(connection).targets())


class _Model:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._now: datetime = self._rows("SELECT now()")[0][0]
        self._stock = {
            (row[0], row[1]): Fraction(row[2])
            for row in self._rows("SELECT product_id, facility_id, available_to_promise_total FROM inventory_item")
        }
        self._rules = {
            (row[0], row[1]): (Fraction(row[2]), bool(row[3]))
            for row in self._rows(
                "SELECT product_id, facility_id, minimum_stock, allow_brokering FROM product_facility"
            )
        }
        self._kits = {row[0] for row in self._rows("SELECT product_id FROM product WHERE is_kit")}
        self._holds: defaultdict[str, list[tuple[str, Fraction]]] = defaultdict(list)
        for kit, component, quantity in self._rows(
            "SELECT product_id, product_id_to, quantity FROM product_assoc"
            " WHERE from_date <= now() AND thru_date > now()"
        ):
            self._holds[kit].append((component, Fraction(quantity)))
        self._kinds = dict(self._rows("SELECT facility_id, facility_type_id FROM facility"))
        self._queues = dict(self._rows("SELECT facility_id, order_queue_type_id FROM facility"))
        self._stores = {row[0]: row[1:] for row in self._rows("SELECT * FROM product_store")}
        self._shops = {
            row[0]: row[1:]
            for row in self._rows("SELECT shop_id, product_store_id, keeps_kit_numbers FROM shopify_shop")
        }
        self._channels = self._rows(
            "SELECT shop_id, location_id, facility_group_id, configuration_facility_id, queue_facility_id"
            " FROM inventory_channel WHERE from_date <= now() AND thru_date > now()"
        )

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode()).fetchall()

    def targets(self) -> Iterator[tuple[tuple[str, str, str], int | None]]:
        for shop_id, product_id, is_bundle in self._rows(
            "SELECT shop_id, product_id, is_bundle FROM shopify_shop_product"
        ):
            for channel in self._channels:
                if channel[0] == shop_id:
                    kept = is_bundle or (product_id in self._kits and self._shops[shop_id][1])
                    yield (shop_id, product_id, channel[1]), None if kept else self._target(product_id, channel)

    def _target(self, product_id: str, channel: tuple[Any, ...]) -> int:
        shop_id, _, group, configuration, queue = channel
        members = [
            row[0]
            for row in self._rows(
                "SELECT DISTINCT facility_id FROM facility_group_member"
                f" WHERE facility_group_id = '{group}' AND from_date <= now() AND thru_date > now()"
            )
            if self._sold_from(shop_id, row[0])
        ]
        configurations = {each for each in members if self._kinds[each] == "CONFIGURATION"} | {configuration} - {None}
        switches = [self._rules[product_id, each] for each in configurations if (product_id, each) in self._rules]
        queues = self._deducted(shop_id, queue)
        if not all(allowed for _, allowed in switches):
            return 0
        if self._holds_pre_orders(shop_id) and any(
            self._queues[each] in ("PRE_ORDER", "BACKORDER") and (self._atp(product_id, each) or 0) < 0
            for each in queues
        ):
            return 0
        on = [
            (atp, self._rules.get((product_id, each), (Fraction(0), True))[0])
            for each in members
            if self._kinds[each] in ("WAREHOUSE", "RETAIL_STORE")
            and self._rules.get((product_id, each), (0, True))[1]
            and (atp := self._atp(product_id, each)) is not None
        ]
        if sum(atp for atp, _ in on) < 0:
            return 0
        total = sum((max(Fraction(0), atp - safety) for atp, safety in on), Fraction(0))
        total -= max((threshold for threshold, _ in switches), default=Fraction(0))
        if self._reserves(shop_id):
            total += sum((min(Fraction(0), self._atp(product_id, each) or Fraction(0)) for each in queues), Fraction(0))
        return min(HIGHEST, max(0, floor(total)))

    def _store(self, shop_id: str) -> tuple[Any, ...] | None:
        return self._stores.get(self._shops[shop_id][0])

    def _reserves(self, shop_id: str) -> bool:
        store = self._store(shop_id)
        return store is None or bool(store[1])

    def _holds_pre_orders(self, shop_id: str) -> bool:
        store = self._store(shop_id)
        return store is not None and bool(store[2])

    def _sold_from(self, shop_id: str, facility_id: str) -> bool:
        store_id = self._shops[shop_id][0]
        return store_id is None or bool(
            self._rows(
                f"SELECT FROM product_store_facility WHERE product_store_id = '{store_id}'"
                f" AND facility_id = '{facility_id}' AND from_date <= now() AND thru_date > now()"
            )
        )

    def _deducted(self, shop_id: str, queue: str) -> list[str]:
        """The virtual queues whose orders an online channel has yet to serve."""
        if self._kinds[queue] != "VIRTUAL_FACILITY":
            return []
        seller = self._shops[shop_id][0] or ("shop", shop_id)
        own = {each[4] for each in self._channels if (self._shops[each[0]][0] or ("shop", each[0])) == seller}
        used = {each[4] for each in self._channels}
        return [
            each
            for each, kind in self._kinds.items()
            if kind == "VIRTUAL_FACILITY" and (each in own or each not in used)
        ]

    def _atp(self, product_id: str, facility_id: str) -> Fraction | None:
        if product_id not in self._kits:
            return self._stock.get((product_id, facility_id))
        parts = self._parts(product_id)
        found = [self._stock.get((part, facility_id)) for part in parts if part not in self._kits]
        if all(each is None for each in found):
            return None
        return min(
            Fraction(floor(self._stock.get((part, facility_id), Fraction(0)) / quantity))
            if part not in self._kits
            else Fraction(0)
            for part, quantity in parts.items()
        )

    def _parts(self, product_id: str) -> dict[str, Fraction]:
        """What a kit consists of, down to products with stock; a kit without components stands for itself."""
        parts: defaultdict[str, Fraction] = defaultdict(Fraction)
        waiting = [(product_id, Fraction(1))]
        while waiting:
            part, quantity = waiting.pop()
            if part in self._kits and self._holds[part]:
                waiting += [(component, quantity * each) for component, each in self._holds[part]]
            else:
                parts[part] += quantity
        return parts
