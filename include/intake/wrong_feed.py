"""Which feed a file was meant for that does not fit the one in whose folder it lay."""

from include.db.connection import Connection
from include.intake import data_manager, staging
from include.intake.data_manager import Config
from include.intake.errors import FileRefused
from include.intake.feed import Layout
from include.intake.feeds import SERVICES
from include.intake.staging import Header


def refusal(connection: Connection, layout: Layout, header: Header, delimiter: str, file_name: str) -> FileRefused:
    """Say that a file is of another kind than expected, and where it probably belongs.

    Args:
        connection: Trueup's database, with the feeds' folders.
        layout: What was expected.
        header: What was found.
        delimiter: What separates the header's fields.
        file_name: The file.
    """
    missing = ", no column ".join(layout.missing(header.columns))
    article = "an" if layout.title[0] in "aeiou" else "a"
    message = (
        f"{file_name}: line 1: not {article} {layout.title} file: no column {missing}; found {header.written}."
        f" Expected {layout.example}."
    )
    line = delimiter.join(header.written).encode()
    if feeds := likely_feeds(connection, line, delimiter):
        return FileRefused(f"{message} It looks like a file of {folders(feeds)}: upload it there")
    return FileRefused(f"{message} Correct the export, or upload the file to the folder of its own feed")


def likely_feeds(connection: Connection, line: bytes, delimiter: str | None = None) -> list[Config]:
    """The feeds whose files begin with such a line: those that know the most of its columns.

    Args:
        connection: Trueup's database.
        line: The first line of a file, as UTF-8.
        delimiter: What separates its fields; None: whatever each feed is configured to.
    """
    feeds = data_manager.configs(connection)
    known = [_known_columns(feed, line, delimiter or feed.delimiter) for feed in feeds]
    return [feed for feed, columns in zip(feeds, known, strict=True) if columns and columns == max(known)]


def folders(feeds: list[Config]) -> str:
    """Feeds and their folders, in words."""
    return " or ".join(f"{feed.config_id} ({feed.import_path})" for feed in feeds)


def _known_columns(feed: Config, line: bytes, delimiter: str) -> int:
    """How many of a header's columns a feed knows; 0 if a required one is not among them."""
    service = SERVICES.get(feed.import_service_name)
    if service is None:
        return 0
    layout = service.csv.LAYOUT
    try:
        header = staging.match_header(line, delimiter, layout.columns, "")
    except FileRefused:
        return 0
    return 0 if layout.missing(header.columns) else sum(not each.startswith("extra_") for each in header.columns)
