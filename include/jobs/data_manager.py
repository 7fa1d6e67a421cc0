"""The task that works off the data manager's queue."""

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.jobs.assets import STOCK_CHANGED

logger = logging.getLogger(__name__)


@task(outlets=[STOCK_CHANGED])
def process_waiting_files() -> list[dict[str, Any]]:
    """Process all waiting files of all feeds, first in, first out per feed.

    Raises:
        AirflowSkipException: No file was waiting.
        AirflowFailException: A file as a whole was refused; the others were processed.
    """
    from dataclasses import asdict

    from include.intake import data_manager, process
    from include.jobs import connections

    outcomes: list[process.Outcome] = []
    with connections.oms() as oms:
        for config in data_manager.with_open_files(oms):
            with connections.sftp(config.property_resource) as sftp:
                outcomes += process.process_waiting(oms, sftp, config)
    for outcome in outcomes:
        logger.info("log %s, %s: %s; %s; %s", *asdict(outcome).values())
    if refused := [outcome for outcome in outcomes if outcome.counts is None]:
        raise AirflowFailException("; ".join(outcome.message or "" for outcome in refused))
    if not outcomes:
        raise AirflowSkipException("no file was waiting")
    return [asdict(outcome) for outcome in outcomes]
