"""Writes what the ATP rules have changed as HotWax's CSV into the folder of the product facility feed.

The files are noted in `rule_file` before they are written, and frozen there. Until one has been read, each run makes
sure that it lies where the feed finds it, so it does not matter where a run before has stopped.
"""

import codecs
from collections.abc import Iterator
from dataclasses import replace

import paramiko

from include import spreadsheets
from include.db.connection import Connection
from include.errors import NeedsAction
from include.intake import data_manager, names, remote
from include.intake.data_manager import Config
from include.stock.atp_rules import evaluation
from include.stock.atp_rules.evaluation import CONFIG_ID, RuleFile

COLUMNS = {
    "minimum_stock": "facility-safety-stock",
    "allow_brokering": "allow-brokering",
    "allow_pickup": "allow-pickup",
}
"""HotWax's column for each field."""


class NameNotOfFeed(NeedsAction):
    """The feed's file_name_pattern does not let the files of the rules in."""


def write_outstanding(connection: Connection, sftp: paramiko.SFTPClient, property_resource: str) -> list[str]:
    """Write the files that neither lie in the feed's folder nor were taken from there.

    Args:
        connection: Trueup's database, outside a transaction.
        sftp: The server.
        property_resource: Its Airflow connection.

    Returns:
        The paths of the files that were written.

    Raises:
        NameNotOfFeed: The feed would leave them alone.
    """
    feed = replace(data_manager.config(connection, CONFIG_ID), property_resource=property_resource)
    written = []
    for file in evaluation.outstanding(connection):
        path = f"{feed.import_path}/{file.file_name}"
        if data_manager.was_taken(connection, feed, file.file_name):
            continue
        if not names.matches(feed.file_name_pattern, file.file_name):
            raise NameNotOfFeed(
                f"{CONFIG_ID}: file_name_pattern {feed.file_name_pattern!r} does not match {file.file_name}, which the"
                " rules want to write; expected a pattern such as '*.csv' in data_manager_config"
            )
        if not remote.exists(sftp, path):
            remote.write(sftp, path, _blocks(connection, feed, file))
            written.append(path)
        if feed.arrival == "DONE_FILE" and not remote.exists(sftp, f"{path}{names.DONE}"):
            remote.write(sftp, f"{path}{names.DONE}", iter(()))
    return written


def is_ours(connection: Connection, feed: Config, file_name: str) -> bool:
    """Tell whether a file that a feed takes is one that was written here."""
    return feed.config_id == CONFIG_ID and evaluation.is_noted(connection, file_name)


def _blocks(connection: Connection, feed: Config, file: RuleFile) -> Iterator[bytes]:
    if feed.encoding != "UTF-8":
        yield codecs.BOM_UTF8  # else the file would be read in the feed's encoding
    is_begun = False
    for changes in evaluation.changes_of(connection, file):
        if not is_begun:
            yield _csv([["product-id", "facility-id", COLUMNS[changes[0].field]]], feed)
            is_begun = True
        yield _csv([[each.product_id, each.facility_id, each.to_text] for each in changes], feed)


def _csv(rows: list[list[str]], feed: Config) -> bytes:
    return "".join(spreadsheets.record(row, feed.delimiter) for row in rows).encode()
