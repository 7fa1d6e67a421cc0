"""A feed's drop folder, as the intake's tests use it."""

from datetime import UTC, datetime

import paramiko

from include.db.connection import Connection
from include.intake import data_manager, pickup, process, remote
from include.intake.data_manager import Config
from include.intake.pickup import Settling
from include.intake.process import Outcome
from include.stock import ledger
from tests.world import World

NOW = Settling(pause=0.0)


class Drop:
    """Drops a file into a feed's folder, lets it be picked up and processed, and looks at what became of it."""

    def __init__(self, connection: Connection, sftp: paramiko.SFTPClient, config_id: str) -> None:
        self.connection, self.sftp, self.config_id = connection, sftp, config_id
        remote.make_folder(sftp, self.feed.import_path)

    @property
    def feed(self) -> Config:
        """The feed as it is configured now."""
        return data_manager.config(self.connection, self.config_id)

    @property
    def folder(self) -> str:
        return self.feed.import_path

    def configure(self, **settings: object) -> None:
        """Change settings of the feed."""
        for name, value in settings.items():
            self.connection.execute(
                f"UPDATE data_manager_config SET {name} = %s WHERE config_id = %s".encode(),
                [value, self.config_id],
            )

    def write(self, content: str | bytes, name: str, at: datetime | None = None) -> None:
        with self.sftp.open(f"{self.folder}/{name}", "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        if at is not None:
            self.sftp.utime(f"{self.folder}/{name}", (at.timestamp(), at.timestamp()))

    def process(self) -> list[Outcome]:
        pickup.take_whole_files(self.connection, self.sftp, self.feed, NOW)
        return process.process_waiting(self.connection, self.sftp, self.feed)

    def __call__(
        self, content: str | bytes, name: str = "2026-11-20-0100-file.csv", at: datetime | None = None
    ) -> Outcome:
        self.write(content, name, at)
        (outcome,) = self.process()
        return outcome

    def names(self, folder: str) -> list[str]:
        return sorted(self.sftp.listdir(f"{self.folder}/{folder}"))

    def error_file(self) -> tuple[str, str]:
        """Name and content of the latest reject file."""
        name = max(self.names("error"), key=lambda each: int(each.split(".rejects-")[1].split(".")[0]))
        with self.sftp.open(f"{self.folder}/error/{name}") as file:
            return name, file.read().decode()

    def reasons(self) -> dict[int, str]:
        """Why rows of the latest file were refused, by line."""
        rows = self.connection.execute(
            b"SELECT line_number, reason FROM data_manager_reject"
            b" WHERE data_manager_log_id = (SELECT max(data_manager_log_id) FROM data_manager_log)"
        )
        return {int(line): reason for line, reason in rows}


def stores(world: World) -> None:
    """Two facilities with stock, a virtual one, and two products."""
    world.facility("BROADWAY", external_id="43")
    world.facility("MAIN_WH", "WAREHOUSE", external_id="44")
    world.facility("_NA_", "VIRTUAL_FACILITY", external_id="99")
    world.product("10001", netsuite_id="521")
    world.product("10002", netsuite_id="522")


def post(connection: Connection, product: str, facility: str, qoh: int, atp: int, at: datetime | None = None) -> None:
    """Post one movement."""
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(b"INSERT INTO movement VALUES (%s, %s, %s, %s, 'VAR_MANUAL')", [product, facility, qoh, atp])
        ledger.post(connection, at or datetime.now(UTC))
