"""Why a Shopify location shows what it shows: the parts of the number, and their arithmetic once more, in Python.

The target is computed in SQL, set by set (`online_atp`). Here it is added up again from the parts of one level, without
any of that SQL, so that the two check each other. `explain` reads the parts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import floor

from include.stock.atp.kit_stock import NOTHING, KitEdge, Stock
from include.stock.inbound.incoming import Incoming, Rejected
from include.stock.movements import Movement

MOST_SHOWN = 1_000_000_000
"""The largest quantity that Shopify can show."""


class Reason(StrEnum):
    """Why a facility does not count, a level shows 0, or a level is not pushed.

    Those up to ALLOW_BROKERING_FACILITY are HotWax's decision reasons (`checkShippingInventory`). The others have no
    name there.
    """

    PRODUCT_STORE = "ProductStore"
    """The shop's store does not sell from the facility at this moment."""
    PRODUCT_FACILITY = "ProductFacility"
    """Nothing has ever been posted for the product at the facility; of a kit, for none of its components."""
    INVENTORY_GROUP = "InventoryGroup"
    """The facility is not a member of the channel's group at this moment."""
    ALLOW_BROKERING_INVENTORY_GROUP = "AllowBrokeringInventoryGroup"
    """Brokering is off for the product in the whole channel, at its configuration facility."""
    ALLOW_BROKERING_FACILITY = "AllowBrokeringFacility"
    """Brokering is off for the product at the facility."""
    FACILITY_TYPE = "FacilityType"
    """The facility is no store and no warehouse."""
    NEGATIVE_SUM = "NegativeSum"
    """ATP over the facilities that count adds up to less than nothing."""
    PRE_ORDER_HOLD = "PreOrderHold"
    """The store promises nothing of a product with open pre-orders or back-orders."""
    NOT_MAPPED = "NotMapped"
    """The product is not in the shop, or the location is not mapped at this moment: the target stays as it was."""
    BUNDLE = "Bundle"
    """Shopify computes the product's number from its components: it has no target."""
    KIT_NUMBERS_OF_SHOP = "KitNumbersOfShop"
    """The shop computes its kits itself: they have no target."""
    INVENTORY_MASTER = "InventoryMaster"
    """Shopify is master of the location."""
    HELD_CATEGORY = "HeldCategory"
    """The product is in the category that the delta push leaves out (new launches)."""
    QUARANTINE = "Quarantine"
    """Shopify has refused the level for good."""
    NOT_SEEN = "NotSeen"
    """The level has not been seen in Shopify yet."""
    IN_FLIGHT = "InFlight"
    """A change of the level is under way."""


@dataclass(frozen=True, slots=True)
class RuleValue:
    """A value that an ATP rule has set, and that holds still.

    Attributes:
        facility_id: The facility or configuration.
        value: What it has set: safety stock, threshold, brokering.
        rule_group_id: The group of the rule; None where no rule matched any more, and the value went back to its base.
        rule_id: The rule.
        file_name: The file in which it came.
    """

    facility_id: str
    value: str
    rule_group_id: str | None
    rule_id: str | None
    file_name: str

    @property
    def told(self) -> str:
        """In words."""
        rule = f"rule {self.rule_group_id}/{self.rule_id}" if self.rule_id else "its base, as no rule matches any more,"
        return f"{self.value} by {rule} in {self.file_name}"


@dataclass(frozen=True, slots=True)
class FacilityPart:
    """What a facility adds to the number.

    Attributes:
        facility_id: The facility.
        facility_name: Its name.
        facility_type_id: WAREHOUSE, RETAIL_STORE ...
        external_id: The NetSuite location.
        stock: What is there.
        safety_stock: Units that are kept back.
        excluded_by: Why it does not count; empty if it does.
        rules: The ATP rules that have set safety stock and brokering to what they are.
        member_from: When it becomes a member of the group, if it has yet to.
        member_thru: When it ceased to be a member, if it has.
    """

    facility_id: str
    facility_name: str
    facility_type_id: str
    external_id: str | None
    stock: Stock
    safety_stock: Decimal
    excluded_by: tuple[Reason, ...]
    rules: tuple["RuleValue", ...] = ()
    member_from: datetime | None = None
    member_thru: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it takes part."""
        return not self.excluded_by

    @property
    def promised(self) -> Decimal:
        """What it adds: what is available beyond the safety stock, and never less than nothing."""
        return max(NOTHING, self.stock.available_to_promise - self.safety_stock) if self.counts else NOTHING


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Stores and warehouses with stock of the product that are no members: how many, and what is available there."""

    facilities: int
    available_to_promise: Decimal


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order with units that are reserved and have not left: id, name and how many."""

    order_id: str
    order_name: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class QueuePart:
    """A virtual queue whose orders the channel has yet to serve.

    Attributes:
        facility_id: The queue.
        order_queue_type_id: What it holds orders for; None: no kind in particular.
        stock: What is available there: below nothing by what is open.
    """

    facility_id: str
    order_queue_type_id: str | None
    stock: Stock

    @property
    def open_quantity(self) -> Decimal:
        """Units that its orders wait for."""
        return max(NOTHING, -self.stock.available_to_promise)

    @property
    def holds_pre_orders(self) -> bool:
        """Whether pre-orders or back-orders wait in it."""
        return self.order_queue_type_id in ("PRE_ORDER", "BACKORDER") and self.open_quantity > 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """A channel's own settings for the product: where they are kept, units kept back, whether it sells it, and why."""

    facility_id: str
    threshold: Decimal
    allow_brokering: bool
    rules: tuple[RuleValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """The mapping of the location, with the settings of its store.

    Attributes:
        inventory_channel_id: The mapping.
        is_mapped: Whether it holds now.
        facility_group_id: The group whose facilities the location sells from.
        facility_group_name: Its name.
        queue_facility_id: Where orders of the location reserve.
        product_store_id: The shop's store, if it belongs to one.
        deducts: Whether open orders in virtual queues are deducted (`use_valid_atp`, and the store's
            `reserve_inventory`).
        holds: Whether open pre-orders hold everything back (`hold_pre_order_physical_inventory`).
        keeps_kit_numbers: Whether the shop computes its kits itself.
        inventory_master: OMS, or SHOPIFY: then nothing is pushed there.
    """

    inventory_channel_id: str
    is_mapped: bool
    facility_group_id: str
    facility_group_name: str
    queue_facility_id: str
    product_store_id: str | None
    deducts: bool
    holds: bool
    keeps_kit_numbers: bool
    inventory_master: str


@dataclass(frozen=True, slots=True)
class InFlight:
    """A change that is on its way to Shopify.

    Attributes:
        outbox_batch_id: The batch, in Shopify's history `gid://trueup/Batch/<outbox_batch_id>`.
        status_id: PLANNED, SENDING, UNKNOWN ...
        idempotency_key: The key that it is sent with.
        delta: By how much it changes the level.
        change_from_quantity: What Shopify must show for it to be applied.
        created_at: When it was planned.
        sent_at: When it was sent, if it was.
        message: What became of it so far.
    """

    outbox_batch_id: int
    status_id: str
    idempotency_key: str
    delta: int
    change_from_quantity: int
    created_at: datetime
    sent_at: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What Shopify has shown: the quantity, when, and how we know."""

    available: int
    seen_at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Level:
    """What is kept of the level.

    Attributes:
        target: What Shopify should show; None where Shopify computes the number itself.
        position: What we believe it shows, leaving out orders that are not imported; None until seen.
        delta: Target less position.
        quarantine_reason: Why it is not pushed, if it is not.
        in_flight: What is on its way.
        last_seen: What Shopify showed when we last knew.
    """

    target: int | None
    position: int | None
    delta: int | None
    quarantine_reason: str | None
    in_flight: InFlight | None
    last_seen: Seen | None


@dataclass(frozen=True, slots=True)
class Item:
    """The product, and what it is in the shop.

    Attributes:
        product_id: The product.
        sku: Its SKU.
        internal_name: Its name.
        inventory_item_id: Shopify's inventory item; None if the product is not in the shop.
        is_kit: Whether it is computed from its components.
        is_bundle: Whether Shopify computes it.
        is_held: Whether the delta push leaves it out, as a new launch.
        is_waiting: Whether it, or a component of it, is marked to be recomputed.
    """

    product_id: str
    sku: str | None
    internal_name: str
    inventory_item_id: str | None
    is_kit: bool
    is_bundle: bool
    is_held: bool
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """One level with everything that its number is made of.

    Attributes:
        shop_id: The shop.
        location_id: Shopify's location.
        explained_at: The moment of which everything here is, by the database's clock.
        item: The product.
        kit: Of a kit, what it and the kits within it hold.
        channel: The location's mapping.
        configurations: The channel's own settings for the product.
        facilities: What each facility of the group adds, former and coming members included.
        elsewhere: What lies outside of the group.
        queues: The virtual queues whose orders the channel has yet to serve; none for a store's own location, whose
            orders reserve in the store.
        orders: The orders of the product that hold something where the location reserves, oldest first.
        level: What is kept; None if it was never computed.
        incoming: What is on its way to facilities of the group, expected first first; it is no stock.
        rejected: What was rejected on arrival there, newest first; it has never been stock.
        movements: The newest ledger rows at these facilities, newest first; of a kit, those of its components too.
    """

    shop_id: str
    location_id: str
    explained_at: datetime
    item: Item
    kit: tuple[KitEdge, ...]
    channel: Channel
    configurations: tuple[Configuration, ...]
    facilities: tuple[FacilityPart, ...]
    elsewhere: Elsewhere
    queues: tuple[QueuePart, ...]
    orders: tuple[OpenOrder, ...]
    level: Level | None
    incoming: tuple[Incoming, ...]
    rejected: tuple[Rejected, ...]
    movements: tuple[Movement, ...]

    @property
    def total_available(self) -> Decimal:
        """ATP over the facilities that count; below zero nothing is promised."""
        return _sum(part.stock.available_to_promise for part in self.facilities if part.counts)

    @property
    def promised(self) -> Decimal:
        """What the facilities promise together."""
        return _sum(part.promised for part in self.facilities)

    @property
    def threshold(self) -> Decimal:
        """What the channel keeps back: the highest of its configurations."""
        return max((each.threshold for each in self.configurations), default=NOTHING)

    @property
    def deducted(self) -> Decimal:
        """What open orders take, where they are deducted."""
        return _sum(queue.open_quantity for queue in self.queues) if self.channel.deducts else NOTHING

    @property
    def zero_because(self) -> tuple[Reason, ...]:
        """Why the level shows 0 whatever the facilities have, if it does."""
        found = {
            Reason.ALLOW_BROKERING_INVENTORY_GROUP: not all(each.allow_brokering for each in self.configurations),
            Reason.PRE_ORDER_HOLD: self.channel.holds and any(queue.holds_pre_orders for queue in self.queues),
            Reason.NEGATIVE_SUM: self.total_available < 0,
        }
        return tuple(reason for reason, holds in found.items() if holds)

    @property
    def no_target_because(self) -> tuple[Reason, ...]:
        """Why there is no target to compute, if there is none."""
        found = {
            Reason.NOT_MAPPED: self.item.inventory_item_id is None or not self.channel.is_mapped,
            Reason.BUNDLE: self.item.is_bundle,
            Reason.KIT_NUMBERS_OF_SHOP: self.item.is_kit and self.channel.keeps_kit_numbers,
            Reason.INVENTORY_MASTER: self.channel.inventory_master != "OMS",
        }
        return tuple(reason for reason, holds in found.items() if holds)

    @property
    def not_pushed_because(self) -> tuple[Reason, ...]:
        """Why a difference is not pushed now, whether there is one or not."""
        level = self.level
        found = {
            Reason.HELD_CATEGORY: self.item.is_held,
            Reason.QUARANTINE: level is not None and level.quarantine_reason is not None,
            Reason.NOT_SEEN: level is not None and level.position is None,
            Reason.IN_FLIGHT: level is not None and level.in_flight is not None,
        }
        return self.no_target_because + tuple(reason for reason, holds in found.items() if holds)

    @property
    def recomputed_target(self) -> int | None:
        """The target, added up again from the parts; None where somebody else decides what is shown."""
        if self.no_target_because:
            return None
        if self.zero_because:
            return 0
        return min(MOST_SHOWN, max(0, floor(self.promised - self.threshold - self.deducted)))

    @property
    def agrees(self) -> bool:
        """Whether the stored target is what the parts add up to. False while a change waits to be recomputed."""
        return (None if self.level is None else self.level.target) == self.recomputed_target


def _sum(quantities: Iterable[Decimal]) -> Decimal:
    return sum(quantities, NOTHING)
