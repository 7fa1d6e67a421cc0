"""What alerts: a task that has failed for good, a run that misses its deadline, a warning that a task itself gives.

To whom and by which way is the Airflow Variable `alert_channels`, see docs/alerts.md. An alert never fails anything and
never hides what it is about: its own trouble goes to the log.

DAG files import this at parse time, so all that sends is imported where it is used.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]

logger = logging.getLogger(__name__)


def task_failed(context: Mapping[str, Any]) -> None:
    """Alert that a task has failed and is not tried again: Airflow's `on_failure_callback`.

    Args:
        context: The task's context.
    """
    try:
        from include.jobs import alerts_channels, alerts_message

        alerts_channels.deliver(alerts_message.of_failure(context))
    except Exception:
        logger.exception("no alert could be sent of this failure; the failure itself stands above")


def send(subject: str, message: str, context: Mapping[str, Any] | None = None) -> None:
    """Alert of something that is wrong although the task goes on.

    Args:
        subject: What is wrong, in a few words.
        message: Where and what, what was expected, what to do next.
        context: The task's context; found by itself if not given.
    """
    try:
        from airflow.sdk import get_current_context

        from include.jobs import alerts_channels, alerts_message

        found = get_current_context() if context is None else context
        alerts_channels.deliver(alerts_message.of_warning(subject, message, found))
    except Exception:
        logger.exception("no alert could be sent of: %s: %s", subject, message)


def deadline(*, minutes: int) -> DeadlineAlert:
    """Alert when a run has not finished so many minutes after its last ones would have, by their average.

    The first run of a DAG has no deadline. Those from when a run was queued would be plainer, but in Airflow 3.3.2
    clearing a task of a run with such a deadline ends in an error 500. The minutes must cover what a run is meant to
    wait for: an import a quarter of an hour for a file, and as long again behind the run before it. With the average
    added they must be fewer than the DAG's `dagrun_timeout`, which ends a run without failing a task.

    Args:
        minutes: How much longer than on average a run may take.
    """
    return DeadlineAlert(
        reference=DeadlineReference.AVERAGE_RUNTIME(max_runs=10, min_runs=1),
        interval=timedelta(minutes=minutes),
        # In the triggerer, which every executor has beside it; a SyncCallback needs an executor that takes callbacks.
        callback=AsyncCallback(deadline_missed, kwargs={"minutes": minutes}),
        name=f"{minutes} minutes",
    )


async def deadline_missed(minutes: int, context: Mapping[str, Any]) -> None:
    """Alert that a run has missed its deadline: runs in the triggerer.

    A run that had failed before its deadline is left out: its failed task has alerted already, but Airflow keeps the
    deadlines of failed runs.

    Args:
        minutes: How long the run may take.
        context: `dag_run` as the REST API shows it, and `deadline`.
    """
    import asyncio

    try:
        from include.jobs import alerts_channels, alerts_message

        if alerts_message.has_failed_in_time(context):
            logger.info("run %s had failed before its deadline; its task has alerted", context["dag_run"]["dag_run_id"])
            return
        await asyncio.to_thread(alerts_channels.deliver, alerts_message.of_missed_deadline(minutes, context))
    except Exception:
        logger.exception("no alert could be sent of a missed deadline: %s", context.get("dag_run"))
