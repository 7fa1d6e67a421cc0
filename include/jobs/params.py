"""Parameters as the trigger form shows them; of their descriptions it renders only `description_md` as Markdown."""

from airflow.sdk import Param

NOT_BLANK = r"^\S+$"
"""What identifies something is one word."""

NOT_EMPTY = r"\S"
"""A name may have several words, but not none."""


def config_id(default: str) -> Param:
    """HotWax's required parameter `configId`."""
    return Param(
        default,
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="configId (required)",
        description_md="The data manager configuration that says which folder and which file names belong to this"
        " feed.",
    )


def property_resource() -> Param:
    """HotWax's required parameter `propertyResource`."""
    return Param(
        "FTP_CONFIG",
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="propertyResource (required)",
        description_md="The Airflow connection of the SFTP server. Its extra must pin the server's key (`host_key`).",
    )


def settle_seconds(default: float = 2.0) -> Param:
    """How long a file must hold still before it counts as whole."""
    return Param(
        default,
        type="number",
        minimum=0.5,
        maximum=600,
        title="settleSeconds",
        description_md="A file is taken once two looks so many seconds apart find the same size and time.",
    )


def dry_run() -> Param:
    """Whether to tell only what would be done."""
    return Param(
        default=False,
        type="boolean",
        title="dryRun",
        description_md="Take, write and change nothing: the results of the run's tasks say what would be done.",
    )


def rule_group() -> Param:
    """Which of the ATP rules."""
    return Param(
        default=None,
        type=["null", "string"],
        minLength=1,
        pattern=NOT_BLANK,
        title="ruleGroup",
        description_md="Only change values of the type of this rule group, such as thresholds; empty: of all types. All"
        " groups of a type go together, as a later one may overrule an earlier one.",
    )


def facility_group_id(*, is_required: bool = False) -> Param:
    """HotWax's parameter `facilityGroupId`. `*` stands for every group, so that a schedule has something to give."""
    told = "Only Shopify locations that show what this facility group can promise (`inventory_channel`)."
    if is_required:
        return Param(
            "*",
            type="string",
            minLength=1,
            pattern=NOT_BLANK,
            title="facilityGroupId (required)",
            description_md=f"{told} `*`: those of every group.",
        )
    return Param(None, type=["string", "null"], pattern=NOT_BLANK, title="facilityGroupId", description_md=told)


def shopify_facility_group_id() -> Param:
    """HotWax's parameter `shopifyFacilityGroupId`."""
    return Param(
        None,
        type=["string", "null"],
        pattern=NOT_BLANK,
        title="shopifyFacilityGroupId",
        description_md="Only Shopify locations mapped to a facility in this facility group. HotWax's documents"
        " disagree: an older page says that it keeps facilities of the group from being pushed, the newest that it"
        " limits the push to them. Here it limits; to leave some out, use `excludeFacilityIds`. An aggregated location"
        " is mapped to its order queue.",
    )


def exclude_facility_ids() -> Param:
    """The explicit list of what is not to be pushed."""
    return Param(
        [],
        type="array",
        items={"type": "string", "pattern": NOT_BLANK},
        title="excludeFacilityIds",
        description_md="No Shopify location mapped to one of these facilities, for this run. To leave a location out"
        " for good, end its row in `inventory_channel`; to take a facility out of an aggregated location, end its"
        " membership in the group.",
    )


def include_all() -> Param:
    """HotWax's parameter `includeAll`."""
    return Param(
        default=True,
        type="boolean",
        title="includeAll",
        description_md="Compare all products. Without it only those whose online ATP has changed since Shopify was last"
        " looked at, or that could not be settled then.",
    )


def use_valid_atp() -> Param:
    """HotWax's parameter `useValidATP`."""
    return Param(
        None,
        type=["boolean", "null"],
        title="useValidATP",
        description_md="Whether open orders in the virtual order queue are deducted. Empty: as each inventory channel"
        " is set, at first true. What is given here is kept for the channels in this run"
        " (`inventory_channel.use_valid_atp`), as all sync jobs push the same number. False is right only where the"
        " ERP's figures leave open online orders out already; elsewhere it sells units twice. HotWax's page spells it"
        " useVaildATP.",
    )


def report_folder() -> Param:
    """Where the table of drift goes."""
    return Param(
        None,
        type=["string", "null"],
        minLength=1,
        title="reportFolder",
        description_md="Folder on the SFTP server `propertyResource` for the table of what was found to be other than"
        " believed (CSV). Empty: only a summary in the result of `report_drift`, and the rows in `inventory_drift`.",
    )


def webhook_action() -> Param:
    """What to do about webhook subscriptions."""
    return Param(
        "list",
        type="string",
        enum=["list", "subscribe", "unsubscribe"],
        title="action",
        description_md="list: who is told of changed inventory levels. subscribe: `address` as well. unsubscribe:"
        " `address` no longer, or nobody where none is given.",
    )


def webhook_address() -> Param:
    """Where webhooks go."""
    return Param(
        None,
        type=["string", "null"],
        pattern=NOT_BLANK,
        title="address",
        description_md="https://HOST/shopify/webhooks: Airflow's own address as Shopify reaches it from outside.",
    )


def shop_id() -> Param:
    """One shop or all."""
    return Param(
        None,
        type=["string", "null"],
        pattern=NOT_BLANK,
        title="shopId",
        description_md="Only this shop (`shopify_shop`). Empty: all.",
    )


def plan_dry_run() -> Param:
    """Whether to show the plan only."""
    return Param(
        default=False,
        type="boolean",
        title="dryRun",
        description_md="Plan nothing: the log of `plan_uploads` shows what would be pushed, the largest change first,"
        " and whether it would wait for approval.",
    )


def plan_folder() -> Param:
    """Where the table of a dry run goes."""
    return Param(
        None,
        type=["string", "null"],
        minLength=1,
        title="reportFolder",
        description_md="Folder on the SFTP server `propertyResource` for the whole plan of a dry run (CSV: sku,"
        " location, target, position, delta, reason). Empty: only its first rows, in the log.",
    )


def data_manager_log_id() -> Param:
    """A file in the data manager's log."""
    return Param(
        type="integer",
        minimum=1,
        title="dataManagerLogId (required)",
        description_md="The file's number in `data_manager_log`; the results of `process_waiting_files` name it as"
        " well.",
    )


def action() -> Param:
    """What to do with a file."""
    return Param(
        type="string",
        enum=["cancel", "retry_file", "retry_failed_rows"],
        title="action (required)",
        description_md="cancel: take a PENDING file out of the queue. retry_file: put a FAILED, CRASHED or CANCELLED"
        " one into it again. retry_failed_rows: put the refused rows of one that is FINISHED_WITH_ERRORS into it.",
    )


def product() -> Param:
    """One product."""
    return Param(
        type="string",
        minLength=1,
        pattern=NOT_EMPTY,
        title="product (required)",
        description_md="SKU, product id or any other identification of the product.",
    )


def facility() -> Param:
    """One store or warehouse."""
    return Param(
        type="string",
        minLength=1,
        pattern=NOT_EMPTY,
        title="facility (required)",
        description_md="Id, external id (the NetSuite location) or name of the store or warehouse.",
    )


def variance_quantity() -> Param:
    """A difference to what is known."""
    return Param(
        None,
        type=["null", "number"],
        title="quantity",
        description_md="Units more than Trueup knows, or with a minus fewer. Leave it empty if you give a count.",
    )


def count() -> Param:
    """What was counted."""
    return Param(
        None,
        type=["null", "number"],
        minimum=0,
        title="count",
        description_md="Units that were counted on hand, reserved ones included. Leave it empty if you give a"
        " quantity.",
    )


def variance_reason() -> Param:
    """Why there is a difference."""
    return Param(
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        examples=[
            "CYCLE_COUNT", "VAR_DAMAGED", "VAR_LOST", "VAR_FOUND", "VAR_STOLEN", "VAR_SAMPLE", "VAR_MANUAL", "MISMATCH",
            "NOT_IN_STOCK", "WORN_DISPLAY", "POS_SALE", "VAR_MISSHIP_ORDERED", "VAR_MISSHIP_SHIPPED", "RTN_ITM_RCPT",
        ],
        title="reason (required)",
        description_md="A reason of the table `variance_reason`; the list shows the usual ones.",
    )  # fmt: skip


def comment() -> Param:
    """What is to be said about it."""
    return Param(
        None,
        type=["null", "string"],
        maxLength=1000,
        title="comment",
        description_md="Kept with the ledger row, and shown wherever that is explained.",
    )


def include_all_kits() -> Param:
    """Whether to compute all kits."""
    return Param(
        default=False,
        type="boolean",
        title="includeAll",
        description_md="Compute all kits. Otherwise those whose components, or what else they depend on, have changed.",
    )
