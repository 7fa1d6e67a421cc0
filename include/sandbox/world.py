"""What the sandbox consists of while it runs; the demo's data and its story receive it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from include.sandbox.airflow_client import AirflowClient
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator


@dataclass(frozen=True)
class World:
    """The running sandbox.

    Attributes:
        dsn_oms: The stock ledger's database, migrated.
        dsn_airflow: Airflow's metadata database.
        sftp: The SFTP server in NetSuite's place.
        sftp_root: The local folder that its clients see as `/`.
        emulator: The Shopify emulator.
        airflow: Airflow's REST API, logged in as `admin`.
        state: The state folder.
    """

    dsn_oms: str = field(repr=False)
    dsn_airflow: str = field(repr=False)
    sftp: SftpServer
    sftp_root: Path
    emulator: Emulator
    airflow: AirflowClient
    state: Path
