"""Parameters around shipments, restocks and variances, as the trigger form shows them."""

from typing import Any

from airflow.sdk import Param

from include.jobs.params import NOT_BLANK


def shipment_id() -> Param:
    """HotWax's required parameter `ShipmentId`."""
    return Param(
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="shipmentId (required)",
        description_md="The restock's shipment, such as TS10000: `shipment_id` in `scheduled_restock`.",
    )


def restock_action() -> Param:
    """What to do with a restock."""
    return Param(
        type="string",
        enum=["reschedule", "rename", "edit_item", "cancel"],
        title="restockAction (required)",
        description_md="reschedule: receive it at `scheduledAt`. rename: call it `restockName`. edit_item: let it bring"
        " `quantity` of `product`, 0 takes the product out. cancel: never receive it.",
    )


def restock_moment(*, is_required: bool) -> Param:
    """When a restock is received."""
    asked: dict[str, Any] = {"type": "string"} if is_required else {"type": ["null", "string"], "default": None}
    return Param(
        **asked,
        format="date-time",
        title="scheduledAt (required)" if is_required else "scheduledAt",
        description_md="Date and time with time zone, such as 2026-12-01T10:00:00+00:00; without a time zone it is"
        " UTC.",
    )


def restock_quantity(*, is_required: bool) -> Param:
    """Units of a product."""
    asked: dict[str, Any] = {"type": "number"} if is_required else {"type": ["null", "number"], "default": None}
    return Param(
        **asked,
        minimum=0,
        title="quantity (required)" if is_required else "quantity",
        description_md="How many units of the product the restock brings.",
    )


def restock_product() -> Param:
    """The product of a restock that is to be changed."""
    return Param(
        None,
        type=["null", "string"],
        title="product",
        description_md="SKU, product id or any other identification of the product, for `edit_item`.",
    )


def restock_name() -> Param:
    """What a restock is called."""
    return Param(
        None,
        type=["null", "string"],
        title="restockName",
        description_md="The restock's name; a new one without a name is called `Created` and the date.",
    )


def shop() -> Param:
    """One shop."""
    return Param(
        None,
        type=["null", "string"],
        title="shop",
        description_md="Id or myshopify domain of the shop; empty where there is one shop only.",
    )


def variance_feed_id() -> Param:
    """A feed to the ERP."""
    return Param(
        "INV_VARIANCE",
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="varianceFeedId (required)",
        description_md="The row of `variance_feed` that says what the file looks like and where it goes.",
    )


def dry_run_of_export() -> Param:
    """Whether to tell only what would be exported."""
    return Param(
        default=False,
        type="boolean",
        title="dryRun",
        description_md="Write and upload nothing: the result of `freeze_variances` counts what there is to tell.",
    )


def shipment() -> Param:
    """A shipment that has arrived."""
    return Param(
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="shipment (required)",
        description_md="The shipment's id, or the ERP's number for it.",
    )


def arrived_product() -> Param:
    """What has arrived of a shipment."""
    return Param(
        None,
        type=["null", "string"],
        title="product",
        description_md="SKU, product id or any other identification; empty: everything that is still open has arrived.",
    )


def accepted() -> Param:
    """Units that are stock from now on."""
    return Param(
        None,
        type=["null", "number"],
        minimum=0,
        title="accepted",
        description_md="Units of the product that are stock from now on; more than was shipped is taken, and named.",
    )


def rejected() -> Param:
    """Units that came and are none."""
    return Param(
        None,
        type=["null", "number"],
        minimum=0,
        title="rejected",
        description_md="Units of the product that came and are not stock; the ERP is told of them.",
    )


def rejection_reason() -> Param:
    """Why units were rejected."""
    return Param(
        None,
        type=["null", "string"],
        maxLength=200,
        title="rejectionReason",
        description_md="Why they were rejected: a reason of `variance_reason`, or in your own words.",
    )
