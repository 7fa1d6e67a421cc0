"""Why a Shopify location shows what it shows: the parts of the number, and their arithmetic once more, in Python.

The target is computed in SQL, set by set (`online_atp`). Here it is added up again from the parts of one level, without
any of that SQL, so that the two check each other. `explain` reads the parts.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import floor

from include.stock.movements import Movement

MOST_SHOWN = 1_000_000_000
"""The largest quantity that Shopify can show."""


class Reason(StrEnum):
    """Why a facility does not count, or a whole level shows 0.

    The first five are HotWax's decision reasons (`checkShippingInventory`). The others have no name there.
    """

    PRODUCT_STORE = "ProductStore"
    """The product is not in the shop, or the location is not mapped: the level is not kept up."""
    PRODUCT_FACILITY = "ProductFacility"
    """Nothing has ever been posted for the product at the facility."""
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


@dataclass(frozen=True, slots=True)
class FacilityPart:
    """What a facility adds to the number.

    Attributes:
        facility_id: The facility.
        facility_name: Its name.
        facility_type_id: WAREHOUSE, RETAIL_STORE ...
        external_id: The NetSuite location.
        quantity_on_hand: Units there.
        available_to_promise: Units there that nobody has reserved.
        safety_stock: Units that are kept back.
        excluded_by: Why it does not count; empty if it does.
        member_from: When it becomes a member of the group, if it has yet to.
        member_thru: When it ceased to be a member, if it has.
    """

    facility_id: str
    facility_name: str
    facility_type_id: str
    external_id: str | None
    quantity_on_hand: Decimal
    available_to_promise: Decimal
    safety_stock: Decimal
    excluded_by: tuple[Reason, ...]
    member_from: datetime | None = None
    member_thru: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it takes part."""
        return not self.excluded_by

    @property
    def promised(self) -> Decimal:
        """What it adds: what is available beyond the safety stock, and never less than nothing."""
        return max(Decimal(0), self.available_to_promise - self.safety_stock) if self.counts else Decimal(0)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Stores and warehouses with stock of the product that are no members: how many, and what is available there."""

    facilities: int
    available_to_promise: Decimal


@dataclass(frozen=True, slots=True)
class QueuePart:
    """Where orders of the location reserve.

    Attributes:
        facility_id: The facility.
        facility_type_id: VIRTUAL_FACILITY for an order queue; the store itself for a store's location.
        available_to_promise: What is available there; below nothing by what is open.
        orders: The orders that hold something there, oldest first, with their units.
    """

    facility_id: str
    facility_type_id: str
    available_to_promise: Decimal
    orders: tuple["OpenOrder", ...] = ()

    @property
    def open_quantity(self) -> Decimal:
        """The open quantity of a virtual queue. In a store it is in the store's own ATP."""
        is_virtual = self.facility_type_id == "VIRTUAL_FACILITY"
        return max(Decimal(0), -self.available_to_promise) if is_virtual else Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order with units that are reserved and have not left: id, name and how many."""

    order_id: str
    order_name: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Channel:
    """The mapping of the location.

    Attributes:
        inventory_channel_id: The mapping.
        facility_group_id: The group whose facilities the location sells from.
        facility_group_name: Its name.
        configuration_facility_id: Where the channel's own threshold and switch are kept; None if it has none.
        threshold: Units of the product that the channel keeps back.
        allow_brokering: Whether the product may be sold in the channel.
        is_mapped: Whether the mapping holds now.
        use_valid_atp: Whether open orders in the virtual queue are deducted.
        inventory_master: OMS, or SHOPIFY: then nothing is pushed there.
    """

    inventory_channel_id: str
    facility_group_id: str
    facility_group_name: str
    configuration_facility_id: str | None
    threshold: Decimal
    allow_brokering: bool
    is_mapped: bool
    use_valid_atp: bool
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
        target: What Shopify should show.
        position: What we believe it shows, leaving out orders that are not imported; None until seen.
        delta: Target less position.
        quarantine_reason: Why it is not pushed, if it is not.
        in_flight: What is on its way.
        last_seen: What Shopify showed when we last knew.
    """

    target: int
    position: int | None
    delta: int | None
    quarantine_reason: str | None
    in_flight: InFlight | None
    last_seen: Seen | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One level with everything that its number is made of.

    Attributes:
        shop_id: The shop.
        product_id: The product.
        sku: Its SKU.
        internal_name: Its name.
        inventory_item_id: Shopify's inventory item; None if the product is not in the shop.
        location_id: Shopify's location.
        explained_at: The moment of which everything here is, by the database's clock.
        channel: The location's mapping.
        facilities: What each facility of the group adds, former and coming members included.
        elsewhere: What lies outside of the group.
        queue: Where orders of the location reserve.
        level: What is kept; None if it was never computed.
        is_waiting: Whether the product is marked to be recomputed.
        movements: The newest ledger rows of the product at these facilities, newest first.
    """

    shop_id: str
    product_id: str
    sku: str | None
    internal_name: str
    inventory_item_id: str | None
    location_id: str
    explained_at: datetime
    channel: Channel
    facilities: tuple[FacilityPart, ...]
    elsewhere: Elsewhere
    queue: QueuePart
    level: Level | None
    is_waiting: bool
    movements: tuple[Movement, ...]

    @property
    def total_available(self) -> Decimal:
        """ATP over the facilities that count; below zero nothing is promised."""
        return sum((part.available_to_promise for part in self.facilities if part.counts), Decimal(0))

    @property
    def promised(self) -> Decimal:
        """What the facilities promise together, with the test of the sum."""
        if self.total_available < 0:
            return Decimal(0)
        return sum((part.promised for part in self.facilities), Decimal(0))

    @property
    def deducted(self) -> Decimal:
        """Open orders, where they are deducted."""
        return self.queue.open_quantity if self.channel.use_valid_atp else Decimal(0)

    @property
    def zero_because(self) -> tuple[Reason, ...]:
        """Why the level shows 0 whatever the facilities have, if it does; or why it is not kept up at all."""
        found: list[Reason] = []
        if not self.is_kept_up:
            found.append(Reason.PRODUCT_STORE)
        if not self.channel.allow_brokering:
            found.append(Reason.ALLOW_BROKERING_INVENTORY_GROUP)
        if self.total_available < 0:
            found.append(Reason.NEGATIVE_SUM)
        return tuple(found)

    @property
    def is_kept_up(self) -> bool:
        """Whether product and location are mapped: if not, the target stays as it was, and nothing is pushed."""
        return self.inventory_item_id is not None and self.channel.is_mapped

    @property
    def recomputed_target(self) -> int:
        """The target, added up again from the parts."""
        if not self.channel.allow_brokering:
            return 0
        left = self.promised - self.channel.threshold - self.deducted
        return min(MOST_SHOWN, max(0, floor(left)))

    @property
    def agrees(self) -> bool:
        """Whether the stored target is what the parts add up to. False while a change waits to be recomputed."""
        return self.level is not None and self.level.target == self.recomputed_target
