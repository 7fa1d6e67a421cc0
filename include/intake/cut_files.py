"""Files that were cut: NetSuite ends a file at 100 MB and goes on in the next one.

One half of a snapshot must not run before the other half is there. A feed's `set_pattern` says how the parts know each
other; they are taken together, and speak of the moment of the oldest among them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from include.db.connection import Connection
from include.db.sql import statement
from include.intake.data_manager import Config, ConfigInvalid
from include.intake.remote import RemoteFile


@dataclass(frozen=True, slots=True)
class Part:
    """A whole file, or a part of a cut one, that may be taken. `modified_at` is that of the oldest part."""

    file: RemoteFile
    modified_at: datetime
    set_name: str | None = None
    number: int = 1
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A cut file of which parts are missing. `since` is when the newest of those that are there was written."""

    name: str
    absent: tuple[int, ...]
    parts: int
    since: datetime

    def __str__(self) -> str:
        """What is missing, and what to do."""
        absent = ", ".join(map(str, self.absent))
        return (
            f"{self.name}: part {absent} of {self.parts} has not come; the others wait for it. Upload what is missing"
        )


def complete(connection: Connection, config: Config, files: list[RemoteFile]) -> tuple[list[Part], list[Incomplete]]:
    """Tell which of the files that lie there may be taken.

    A part that comes alone completes its set if the others were taken within half a day of it: a corrected part may be
    uploaded again by itself.

    Args:
        connection: Trueup's database.
        config: The feed with its `set_pattern`.
        files: Whole files, by name.

    Returns:
        The files to take, in order, and what is missing of the others.

    Raises:
        ConfigInvalid: The feed's pattern is no regular expression with the groups name, part and parts.
    """
    singles: list[Part] = []
    sets: dict[str, list[Part]] = defaultdict(list)
    for file in files:
        part = _part(config, file)
        if part.set_name is None:
            singles.append(part)
        else:
            sets[part.set_name].append(part)
    missing: list[Incomplete] = []
    for name, parts in sets.items():
        if absent := _absent(connection, config, name, parts):
            newest = max(part.file.modified_at for part in parts)
            missing.append(Incomplete(name, tuple(absent), parts[0].parts, newest))
        else:
            oldest = min(part.file.modified_at for part in parts)
            singles += [
                Part(part.file, oldest, name, part.number, part.parts)
                for part in sorted(parts, key=lambda part: part.number)
            ]
    return singles, missing


def _part(config: Config, file: RemoteFile) -> Part:
    if config.set_pattern is None:
        return Part(file, file.modified_at)
    try:
        found = re.search(config.set_pattern, file.name, re.IGNORECASE)
        if found is None:
            return Part(file, file.modified_at)
        return Part(file, file.modified_at, found["name"] or file.name, int(found["part"]), int(found["parts"]))
    except (re.error, IndexError, ValueError, TypeError) as error:
        raise ConfigInvalid(
            f"data_manager_config {config.config_id}: set_pattern {config.set_pattern!r} cannot be used ({error});"
            " expected a regular expression with the groups name, part and parts, the last two of digits"
        ) from error


def _absent(connection: Connection, config: Config, name: str, parts: list[Part]) -> list[int]:
    present = {part.number for part in parts}
    absent = set(range(1, parts[0].parts + 1)) - present
    if absent:
        absent -= set(_taken_lately(connection, config, name, min(part.file.modified_at for part in parts)))
    return sorted(absent)


def _taken_lately(connection: Connection, config: Config, name: str, near: datetime) -> Iterable[int]:
    rows = connection.execute(
        statement(__file__, "select_parts_taken"), {"config_id": config.config_id, "set_name": name, "near": near}
    )
    for file_name, size, modified_at in rows:
        yield _part(config, RemoteFile(file_name, size, modified_at)).number
