"""Checks the promises by what Shopify's own history and the ledger say, and by nothing that Trueup believes of itself.

The two exceptions are named: `drifted` compares what Trueup believes a level to show, so that a wrong belief is found
before a later sync covers it up; and what a batch was meant to change is read from the outbox.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import starmap
from typing import Any

from include.db.connection import Connection
from tests.simulation.retailer import Move, Retailer
from tests.simulation.servers import EXTERNAL, KIT, OTHER_QUEUE, QUEUE, Front, item
from tests.simulation.story import FACILITIES, PRODUCTS
from tests.simulation.truth import Place
from tests.stock.atp import online_atp_model

Level = tuple[str, str]
"""Inventory item and location."""

BATCH = "gid://trueup/Batch/"


@dataclass
class Auditor:
    """Looks on, and objects.

    Attributes:
        meant: For each planned batch and level, the most that perfect knowledge of orders would have shown when it was
            planned, before orders that came later: online ATP by the ledger, plus what the ledger knows to be taken.
    """

    connection: Connection
    fronts: list[Front]
    retailer: Retailer
    meant: dict[tuple[int, Level], int] = field(default_factory=dict)

    def after_planning(self) -> None:
        """Work out what new batches may lead to."""
        rows = self._rows(
            "SELECT outbox_batch_id, inventory_item_id, location_id, replaces_batch_id FROM outbox_batch_row"
            " INNER JOIN outbox_batch USING (outbox_batch_id) ORDER BY outbox_batch_id"
        )
        new = [row for row in rows if (row[0], (row[1], row[2])) not in self.meant]
        if not new:
            return
        targets, imported = self._targets(), self._imported()
        for batch, item_id, location, replaces in new:
            level = item_id, location
            self.meant[batch, level] = self.meant.get((replaces, level), targets[level] + imported[level])

    def objections(self) -> list[str]:
        """What is wrong in the middle of a run."""
        history = self._history()
        return [*self._applied_twice(history), *self._raised_too_far(history), *self._drifted(history)]

    def final_objections(self, *, edited_too: bool) -> list[str]:
        """What is wrong once all faults are healed and all jobs have nothing left to do.

        Args:
            edited_too: Whether levels that a merchant has set must be right as well.
        """
        history = self._history()
        return [
            *self.objections(),
            *self._not_as_confirmed(history),
            *self._unsettled(),
            *self._ledger_is_not_stock(),
            *self._stock_is_not_true(),
            *self._erp_was_told_otherwise(),
            *self._orders_are_not_reserved(),
            *self._shows_otherwise(edited_too=edited_too),
        ]

    def _applied_twice(self, history: list[dict[str, Any]]) -> Iterator[str]:
        for (batch, level), times in self._applied(history).items():
            if times > 1:
                yield f"doubled: batch {batch} was applied {times} times to {_name(level)}"

    def _applied(self, history: list[dict[str, Any]]) -> Counter[tuple[int, Level]]:
        """How often each row of each batch was applied."""
        return Counter(
            (_batch(change), (change["inventoryItemId"], change["locationId"]))
            for change in history
            if change["kind"] == "adjust"
        )

    def _not_as_confirmed(self, history: list[dict[str, Any]]) -> Iterator[str]:
        applied = self._applied(history)
        rows = self._rows(
            "SELECT outbox_batch_id, inventory_item_id, location_id, status_id, outcome FROM outbox_batch_row"
            " INNER JOIN outbox_batch USING (outbox_batch_id)"
        )
        for batch, item_id, location, status, outcome in rows:
            level = item_id, location
            times = applied[batch, level]
            if status == "CONFIRMED" and times != 1:
                yield f"lost: batch {batch} is confirmed and was applied {times} times to {_name(level)}"
            if status in ("PLANNED", "STALE", "REFUSED") and times:
                yield f"doubled: batch {batch} is {status} and was applied to {_name(level)}"
            is_told = outcome in ("APPLIED", "NOT_APPLIED")
            looks = outcome in ("LOOKS_APPLIED", "LOOKS_NOT_APPLIED") and level not in self.retailer.edited
            if (is_told or looks) and times != (outcome in ("APPLIED", "LOOKS_APPLIED")):
                yield f"wrong: batch {batch} counts as {outcome} and was applied {times} times to {_name(level)}"

    def _raised_too_far(self, history: list[dict[str, Any]]) -> Iterator[str]:
        """Nothing is offered that perfect knowledge of the level's orders would not have offered."""
        shown: defaultdict[Level, int] = defaultdict(int, self.retailer.servers.opening)
        taken: Counter[Level] = Counter()
        for change in history:
            level = change["inventoryItemId"], change["locationId"]
            if change["name"] != "available":
                continue
            shown[level] += change["delta"]
            if change["kind"] not in ("adjust", "edit"):
                taken[level] -= change["delta"]
            batch = _batch(change)
            most = self.meant.get((batch, level))
            if change["delta"] <= 0 or most is None or level in self.retailer.edited:
                continue
            if shown[level] > most - taken[level]:
                yield (
                    f"oversold: batch {batch} raised {_name(level)} by {change['delta']} to {shown[level]}; with all"
                    f" orders known it is {most - taken[level]}"
                )

    def _drifted(self, history: list[dict[str, Any]]) -> Iterator[str]:
        """What Trueup believes a level at rest to show, less the orders that it has not heard of, is what it shows."""
        moved: Counter[Level] = Counter()
        for change in history:
            if change["kind"] not in ("adjust", "edit") and change["name"] == "available":
                moved[change["inventoryItemId"], change["locationId"]] += change["delta"]
        imported, shown = self._imported(), self._shown()
        rows = self._rows(
            "SELECT inventory_item_id, location_id, position FROM inventory_level"
            " WHERE position IS NOT NULL AND outbox_batch_id IS NULL"
        )
        for item_id, location, position in rows:
            level = item_id, location
            expected = position + moved[level] + imported[level]
            if level not in self.retailer.edited and shown.get(level, 0) != expected:
                yield (
                    f"wrong: {_name(level)} shows {shown.get(level, 0)}; believed {position} and orders not imported"
                    f" make it {expected}"
                )

    def _unsettled(self) -> Iterator[str]:
        rows = self._rows(
            "SELECT outbox_batch_id, status_id FROM outbox_batch"
            " WHERE status_id NOT IN ('CONFIRMED', 'STALE', 'REFUSED', 'SETTLED')"
        )
        yield from (f"lost: batch {batch} is still {status}" for batch, status in rows)
        rows = self._rows(
            "SELECT file_name, status_id FROM data_manager_log"
            " WHERE status_id NOT IN ('FINISHED', 'FINISHED_WITH_ERRORS') ORDER BY 1"
        )
        yield from (f"lost: file {name} is {status}" for name, status in rows)

    def _ledger_is_not_stock(self) -> Iterator[str]:
        stock = {
            row[:2]: row[2:]
            for row in self._rows(
                "SELECT product_id, facility_id, quantity_on_hand_total, available_to_promise_total FROM inventory_item"
            )
        }
        ledger: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for product, facility, on_hand, to_promise in self._rows(
            "SELECT product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff"
            " FROM inventory_item_detail"
        ):
            ledger[product, facility][0] += on_hand
            ledger[product, facility][1] += to_promise
        for place in sorted(stock.keys() | ledger.keys()):
            if tuple(stock.get(place, (0, 0))) != tuple(ledger[place]):
                yield f"wrong: stock of {place} is {stock.get(place)}, the sum of its ledger {tuple(ledger[place])}"

    def _stock_is_not_true(self) -> Iterator[str]:
        """Every file and sale has counted, once, whatever order they came in."""
        received = self._receive_restocks()
        yield from self._receive_shipments()
        yield from self._believe_findings()
        yield from self._move_orders()
        true = self.retailer.truth.stock()
        rows = self._rows(
            "SELECT product_id, facility_id, sum(available_to_promise_diff)::integer FROM inventory_item_detail"
            " GROUP BY 1, 2"
        )
        found = {(product, facility): units for product, facility, units in rows if facility in FACILITIES}
        for place in sorted(true.keys() | found.keys()):
            if true.get(place, 0) != found.get(place, 0):
                kind = "doubled or lost"
                yield f"{kind}: ATP of {place} is {found.get(place, 0)}; what happened makes it {true.get(place, 0)}"
        rows = self._rows("SELECT staged_row ->> 'restock_name' FROM data_manager_reject")
        told = {row[0] for row in rows}  # its moment had passed when its file was read
        for name in sorted(self.retailer.restocks.keys() - received - told):
            yield f"lost: {name} was not received"

    def _receive_restocks(self) -> set[str]:
        """Tell the truth of restocks that were received: when is the ledger's to say, how often and how much is not."""
        rows = self._rows(
            "SELECT restock_name, closed_at FROM scheduled_restock WHERE status_id = 'RECEIVED' ORDER BY 1"
        )
        for name, closed_at in rows:
            if name in self.retailer.restocks and name not in self.retailer.told:
                self.retailer.told.add(name)
                self.retailer.truth.move(closed_at, *self.retailer.restocks[name])
        return {name for name, _ in rows}

    def _receive_shipments(self) -> Iterator[str]:
        """Tell the truth of what has come; a receipt that was refused says so: its shipment was not known yet."""
        rows = self._rows("SELECT staged_row ->> 'received_date' FROM data_manager_reject")
        refused = {row[0] for row in rows}
        for key, receipt in self.retailer.receipts.items():
            if key not in refused and key not in self.retailer.told:
                self.retailer.told.add(key)
                self.retailer.truth.move(receipt.moment, receipt.place, receipt.units)
        recorded = {row[0] for row in self._rows("SELECT received_at FROM shipment_receipt")}
        for key, receipt in self.retailer.receipts.items():
            if key not in refused and receipt.moment not in recorded:
                yield f"lost: what came of a shipment at {key} was not received"

    def _believe_findings(self) -> Iterator[str]:
        """Tell the truth what was found. When it was recorded is the ledger's to say, what was found is not."""
        recorded = dict(self._rows("SELECT request_key, physical_inventory_date FROM physical_inventory"))
        for key, finding in self.retailer.found.items():
            if key in self.retailer.findings:
                yield f"lost: {key} was not recorded"
            if key in recorded and key not in self.retailer.told:
                self.retailer.told.add(key)
                place = finding.product.removeprefix("SKU-"), finding.facility
                if finding.counted is not None:
                    self.retailer.truth.count(recorded[key], place, int(finding.counted))
                else:
                    self.retailer.truth.find(recorded[key], place, int(finding.quantity or 0))

    def _erp_was_told_otherwise(self) -> Iterator[str]:
        """The files for the ERP say all that was found and all that was torn on arrival, once, and nothing else."""
        told: Counter[Place] = Counter()
        references: Counter[str] = Counter()
        for row in self.retailer.drops.told():
            references[row["Reference No"]] += 1
            told[row["Item"], row["Location"]] += int(row["Adjust Qty By"])
        yield from (
            f"doubled: the ERP was told {times} times of {each}" for each, times in references.items() if times > 1
        )
        expected: Counter[Place] = Counter()
        if self.retailer.truth.knows_more_than_erp:
            for key, finding in self.retailer.found.items():
                if key in self.retailer.told:
                    product, facility = finding.product.removeprefix("SKU-"), finding.facility
                    expected[product, EXTERNAL[facility]] += int(finding.quantity or 0)
            for key, receipt in self.retailer.receipts.items():
                if key in self.retailer.told:
                    product, facility = receipt.place
                    expected[product, EXTERNAL[facility]] -= receipt.rejected
        for place in sorted(told.keys() | expected.keys()):
            if told[place] != expected[place]:
                yield f"lost or doubled: the ERP was told of {told[place]} units of {place}; expected {expected[place]}"

    def _move_orders(self) -> Iterator[str]:
        """Tell the truth what orders have moved; of kits what is kept with the order, if they ever were that."""
        kept = self._kept_contents()
        refused = self._refused_shipments()
        for move in (*self.retailer.moves, *self._slipped_in()):
            if move in self.retailer.told or (move.is_shipment and move.order in refused):
                continue
            product, facility = move.place
            content = kept[move.order] if product == KIT else {product: 1}
            if product == KIT and not (content and all(starmap(self._has_held, content.items()))):
                yield f"wrong: the kit of {move.order} consists of {content or 'nothing'}; it never did"
                continue
            self.retailer.told.add(move)
            for component, quantity in content.items():
                self.retailer.truth.move(move.moment, (component, facility), move.units * quantity)

    def _slipped_in(self) -> Iterator[Move]:
        """Orders of the store's that nobody placed: those by which the fault `stale` makes a compare fail."""
        placed = {move.order for move in self.retailer.moves}
        stores = {front.store for front in self.fronts}
        for change in self._history():
            order, of_store = change["referenceDocumentUri"], change["locationId"] in stores
            if change["kind"] == "order" and of_store and order not in placed:
                place = _product(change["inventoryItemId"]), "BROADWAY"
                yield Move(order, datetime.fromisoformat(change["at"]), place, change["delta"])

    def _has_held(self, component: str, quantity: int) -> bool:
        return quantity in self.retailer.contents.get(component, ())

    def _refused_shipments(self) -> set[str]:
        """Shipments of orders that were cancelled before Trueup heard of them: refused in the end, and it says so."""
        rows = self._rows(
            "SELECT staged_row ->> 'order_id' FROM data_manager_reject"
            " WHERE data_manager_log_id = (SELECT max(data_manager_log_id) FROM data_manager_log"
            " WHERE config_id = 'IMP_ODR_ITM_FLFLMNT')"
        )
        told = {f"gid://shopify/Order/{row[0]}" for row in rows}
        return told & {order for order, _, _ in self.retailer.cancelled}

    def _kept_contents(self) -> defaultdict[str, dict[str, int]]:
        kept: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for order, component, quantity in self._rows(
            "SELECT order_id, component_id, quantity::integer FROM shopify_order_item_component"
        ):
            kept[order][component] = quantity
        return kept

    def _orders_are_not_reserved(self) -> Iterator[str]:
        """What is open of the shop's online orders is reserved, once. What was fulfilled may be until it is counted."""
        reserved: Counter[tuple[str, str]] = Counter()
        for order, product, units in self._rows(
            "SELECT order_id, product_id, sum(available_to_promise_diff)::integer FROM inventory_item_detail"
            f" WHERE facility_id IN ('{QUEUE}', '{OTHER_QUEUE}') GROUP BY 1, 2"
        ):
            reserved[order, product] = -units
        kept = self._kept_contents()
        for order, product, least, most in self.retailer.reservations():
            content = kept[order] if product == KIT else {product: 1}
            if not content and least:
                yield f"lost: {order} has reserved nothing of the kit's components"
            for component, quantity in content.items():
                found = reserved[order, component]
                if not least * quantity <= found <= most * quantity:
                    yield (
                        f"wrong: {order} has reserved {found} units of {component}; expected {least * quantity} to"
                        f" {most * quantity}"
                    )

    def _shows_otherwise(self, *, edited_too: bool) -> Iterator[str]:
        levels = [each for front in self.fronts for each in front.shop.levels()]
        shown = {(each["inventoryItemId"], each["locationId"]): each["available"] for each in levels}
        for level, target in self._targets().items():
            if shown.get(level, 0) != target and (edited_too or level not in self.retailer.edited):
                yield f"wrong: {_name(level)} shows {shown.get(level, 0)} in the end; the ledger makes it {target}"

    def _targets(self) -> dict[Level, int]:
        """Online ATP from the ledger, in plain Python."""
        rows = self._rows("SELECT shop_id, product_id, inventory_item_id FROM shopify_shop_product")
        items = {(shop, product): item_id for shop, product, item_id in rows}
        return {
            (items[shop, product], location): target or 0
            for (shop, product, location), target in online_atp_model.expected(self.connection).items()
        }

    def _imported(self) -> Counter[Level]:
        """Units that imported orders have taken."""
        rows = self._rows(
            "SELECT inventory_item_id, location_id, sum(taken - returned)::integer FROM shopify_order_item"
            " GROUP BY 1, 2"
        )
        return Counter({(item_id, location): units for item_id, location, units in rows})

    def _history(self) -> list[dict[str, Any]]:
        """What has changed in the shops; in each by itself in order, which is all that matters."""
        return [change for front in self.fronts for change in front.shop.history()]

    def _shown(self) -> Mapping[Level, int]:
        """What Shopify shows, by its history."""
        shown: Counter[Level] = Counter(self.retailer.servers.opening)
        for change in self._history():
            if change["name"] == "available":
                shown[change["inventoryItemId"], change["locationId"]] += change["delta"]
        return shown

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()


def _batch(change: Mapping[str, Any]) -> int:
    reference = change["referenceDocumentUri"] or ""
    return int(reference.removeprefix(BATCH)) if reference.startswith(BATCH) else 0


def _product(inventory_item: str) -> str:
    return next(each for each in (*PRODUCTS, KIT) if inventory_item in (item(each), item(each, 1)))


def _name(level: Level) -> str:
    shop = "" if level[0] == item(_product(level[0])) else ", in the other shop"
    return f"{_product(level[0])} {'online' if level[1].endswith('1') else 'at the store'}{shop}"
