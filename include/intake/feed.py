"""What a feed is: what its files look like, how their rows are checked, and how they are posted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from include.db.connection import Connection
from include.intake.data_manager import Config, Log
from include.intake.snapshot_time import SnapshotTime
from include.intake.staging import Header, JsonRow


@dataclass(frozen=True, slots=True)
class Layout:
    """What one kind of file looks like.

    Attributes:
        title: What it is called in messages, such as "inventory reset".
        example: A header or beginning as documented, for messages.
        columns: The staging column of each column name, as it is usually written.
        required: Staging columns without which a file is of another kind: at least one of each group.
        speaks_of_a_moment: A snapshot: the same content under another name or moment is news. Otherwise the content
            alone says that a file was sent twice.
    """

    title: str
    example: str
    columns: Mapping[str, str]
    required: tuple[tuple[str, ...], ...]
    speaks_of_a_moment: bool

    def missing(self, columns: Iterable[str]) -> list[str]:
        """The groups of required columns of which a file has none, as they are usually written."""
        present = set(columns)
        usual = {column: name for name, column in reversed(list(self.columns.items()))}
        return [" or ".join(usual[column] for column in group) for group in self.required if present.isdisjoint(group)]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file, its rows in the temporary table `staged`, inside the transaction that will apply it.

    `rows` is how many there are. `is_rest` says that these are only those that were refused in an earlier file.
    """

    connection: Connection
    config: Config
    log: Log
    header: Header
    moment: SnapshotTime
    rows: int
    is_rest: bool = False

    def parameters(self) -> dict[str, Any]:
        """What the statements of most feeds bind."""
        return {
            "data_manager_log_id": self.log.data_manager_log_id,
            "config_id": self.config.config_id,
            "default_id_type": self.config.default_id_type,
            "reason_enum_id": self.config.reason_enum_id,
            "as_of": self.moment.as_of,
            "is_told_to_erp": self.config.is_told_to_erp,
            "is_of_erp": self.config.is_of_erp,
        }

    def has(self, column: str) -> bool:
        """Tell whether the file has a staging column."""
        return column in self.header.columns

    def written(self, column: str, usual: str) -> str:
        """The name of a staging column as it stands in this file's header, or its usual one."""
        return next((name for name, each in self.header.fields if each == column), usual)


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of the rows that were not refused.

    Attributes:
        changed: Rows that changed something.
        unchanged: Rows that said what was known already.
        superseded: Rows of which something newer, or a later row, had already spoken.
        notes: What operations should know of, though nothing was refused.
    """

    changed: int
    unchanged: int
    superseded: int
    notes: tuple[str, ...] = ()


class Feed(Protocol):
    """A module in `include/intake/feeds`."""

    LAYOUT: Layout

    def check(self, file: StagedFile) -> int:
        """Refuse bad rows into `data_manager_reject`; returns how many."""
        ...

    def post(self, file: StagedFile) -> Posted:
        """Apply the rows that were not refused."""
        ...


class JsonFeed(Feed, Protocol):
    """A feed whose files are JSON. `STAGED` are the staging columns that its rows fill."""

    STAGED: tuple[str, ...]

    def rows(self, value: Mapping[str, object], config: Config) -> Iterable[JsonRow]:
        """Split one element of a file into its rows."""
        ...
