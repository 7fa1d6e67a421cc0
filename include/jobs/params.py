"""Parameters as the trigger form shows them."""

from airflow.sdk import Param

NOT_BLANK = r"^\S+$"
"""What identifies something is one word."""


def config_id(default: str) -> Param:
    """HotWax's required parameter `configId`."""
    return Param(
        default,
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="configId (required)",
        description="The data manager configuration that says which folder and which file names belong to this feed.",
    )


def property_resource() -> Param:
    """HotWax's required parameter `propertyResource`."""
    return Param(
        "FTP_CONFIG",
        type="string",
        minLength=1,
        pattern=NOT_BLANK,
        title="propertyResource (required)",
        description="The Airflow connection of the SFTP server. Its extra must pin the server's key (`host_key`).",
    )


def settle_seconds(default: float = 2.0) -> Param:
    """How long a file must hold still before it counts as whole."""
    return Param(
        default,
        type="number",
        minimum=0.5,
        maximum=600,
        title="settleSeconds",
        description="A file is taken once two looks so many seconds apart find the same size and time.",
    )


def dry_run() -> Param:
    """Whether to tell only what would be done."""
    return Param(
        default=False,
        type="boolean",
        title="dryRun",
        description="Take nothing: the result of `take_whole_files` says of each file what would be done with it.",
    )


def data_manager_log_id() -> Param:
    """A file in the data manager's log."""
    return Param(
        type="integer",
        minimum=1,
        title="dataManagerLogId (required)",
        description="The file's number in `data_manager_log`; the results of `process_waiting_files` name it as well.",
    )


def action() -> Param:
    """What to do with a file."""
    return Param(
        type="string",
        enum=["cancel", "retry_file", "retry_failed_rows"],
        title="action (required)",
        description="cancel: take a PENDING file out of the queue. retry_file: put a FAILED, CRASHED or CANCELLED one"
        " into it again. retry_failed_rows: put the refused rows of one that is FINISHED_WITH_ERRORS into it.",
    )
