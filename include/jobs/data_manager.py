"""The tasks around the data manager's queue: work it off, and do something about one file in it."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.jobs.assets import FILES_WAITING, IMPORTED, RESTOCKS_CHANGED, STOCK_CHANGED, TAGS_CHANGED

if TYPE_CHECKING:
    from include.db.connection import Connection
    from include.intake.data_manager import Config
    from include.intake.process import Outcome

logger = logging.getLogger(__name__)

WAKES = {"scheduled_restock": RESTOCKS_CHANGED, "product_tags": TAGS_CHANGED}
"""Whom else the files of a feed wake, by the feed's service."""


@task(outlets=[STOCK_CHANGED, IMPORTED])
def process_waiting_files(outlet_events: Any = None) -> list[dict[str, Any]]:
    """Process all waiting files of all feeds, first in, first out per feed, and alert of those with bad rows.

    Raises:
        AirflowSkipException: No file was waiting.
        AirflowFailException: A file as a whole was refused; the others were processed.
        Exception: The first feed's trouble, once all feeds have been visited: one feed does not stop the next.
    """
    from dataclasses import asdict

    from include.intake import data_manager, process
    from include.jobs import connections

    with connections.oms() as oms:
        configs = {each.config_id: each for each in data_manager.configs(oms)}
        outcomes, troubles = process.process_all(oms, connections.sftp)
        for outcome in outcomes:
            told = (outcome.status_id, outcome.counts, outcome.message or "no remarks")
            logger.info("log %s, %s: %s; %s; %s", outcome.data_manager_log_id, outcome.file_name, *told)
            _warn(oms, configs[outcome.config_id], outcome)
    changed = {
        configs[outcome.config_id].import_service_name
        for outcome in outcomes
        if outcome.counts and outcome.counts.changed
    }
    for service in sorted(changed & WAKES.keys()):
        outlet_events[IMPORTED].add(WAKES[service])
    if refused := [outcome.message or "" for outcome in outcomes if outcome.counts is None]:
        raise AirflowFailException("; ".join([*refused, *map(str, troubles)]))
    if troubles:
        raise troubles[0]
    if not outcomes:
        raise AirflowSkipException("no file was waiting")
    return [asdict(outcome) for outcome in outcomes]


def _warn(oms: "Connection", config: "Config", outcome: "Outcome") -> None:
    """Alert of a file that finished with errors, if its feed is to be alerted of.

    This is the only time that it is told, so it is told as well where the database was lost at a later file.
    """
    import psycopg

    from include.intake import data_manager
    from include.jobs import alerts

    counts, log_id = outcome.counts, outcome.data_manager_log_id
    if outcome.status_id != "FINISHED_WITH_ERRORS" or counts is None or not config.notify_on_failure:
        return
    try:
        log = data_manager.read_log(oms, log_id)
    except psycopg.OperationalError:
        error_file, folder, server = None, config.import_path, config.property_resource
    else:
        error_file, folder, server = log.error_file_path, log.import_path, log.property_resource
    # The connection may have been lost before the reject file was written.
    place = error_file or f"A file in {folder}/error, which the next run will write,"
    alerts.send(
        f"{config.config_id}: {counts.failed:,} of {counts.total:,} rows of {outcome.file_name} were refused",
        f"{outcome.file_name} (log {log_id}): {counts.failed:,} of {counts.total:,} rows were refused;"
        f" {counts.changed:,} changed something, {counts.unchanged:,} said what was known, {counts.superseded:,} were"
        f" out of date. {place} on the SFTP server of {server} has the refused rows, each"
        f" with its line and reason. Correct them in it and drop it into {folder}; or, where what they name"
        f" was missing here, set that up and run manage_imported_file with dataManagerLogId"
        f" {log_id} and action retry_failed_rows",
    )


@task(outlets=[FILES_WAITING])
def manage_file(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Cancel a file that waits, or put one into the queue again; returns what is to be known of its log.

    Raises:
        LogNotInState: There is no such file, or it is in another state than the action is for.
    """
    from include.intake import again, data_manager
    from include.jobs import connections

    assert params is not None
    log_id, action = params["dataManagerLogId"], params["action"]
    with connections.oms() as oms:
        log = data_manager.read_log(oms, log_id)
        if action == "cancel":
            data_manager.cancel(oms, log_id)
            log = data_manager.read_log(oms, log_id)
        else:
            retry = {"retry_file": again.retry_file, "retry_failed_rows": again.retry_failed_rows}[action]
            with connections.sftp(log.property_resource) as sftp:
                log = retry(oms, sftp, log_id)
    logger.info("%s of log %s: log %s (%s), %s", action, log_id, log.data_manager_log_id, log.status_id, log.file_name)
    return {
        "data_manager_log_id": log.data_manager_log_id,
        "config_id": log.config_id,
        "file_name": log.file_name,
        "status_id": log.status_id,
        "retry_of": log.parent_log_id,
    }
