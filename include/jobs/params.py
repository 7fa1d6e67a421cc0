"""Parameters as the trigger form shows them."""

from airflow.sdk import Param


def config_id(default: str) -> Param:
    """HotWax's required parameter `configId`."""
    return Param(
        default,
        type="string",
        minLength=1,
        title="configId",
        description="The data manager configuration that says which folder and which file names belong to this feed.",
    )


def property_resource() -> Param:
    """HotWax's required parameter `propertyResource`."""
    return Param(
        "FTP_CONFIG",
        type="string",
        minLength=1,
        title="propertyResource",
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
