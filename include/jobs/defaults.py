"""What all DAGs have in common: owner, retries by kind of failure, time limits, alerts, the safety-net schedules."""

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)

from include.errors import NeedsAction, TryAgain
from include.jobs import alerts

RETRY_BY_KIND = ExceptionRetryPolicy(
    rules=[
        RetryRule(NeedsAction, RetryAction.FAIL, reason="nothing changes until somebody acts on it"),
        RetryRule(TryAgain, RetryAction.RETRY, retry_delay=timedelta(seconds=20), reason="only for a moment"),
        RetryRule([OSError, EOFError], RetryAction.RETRY, timedelta(seconds=30), reason="the connection failed"),
    ]
)

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "inventory",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": RETRY_BY_KIND,
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": alerts.task_failed,
}

SHOPIFY_POOL = "shopify"
"""Pool of tasks that talk to Shopify."""


def woken_by(*assets: Asset, or_every: str) -> AssetOrTimeSchedule:
    """Run when one of the assets says that there is work, and at fixed times in case it does not.

    Args:
        assets: Any of them wakes the DAG.
        or_every: The safety net, as a cron expression in UTC.
    """
    anything = assets[0]
    condition: Any = anything
    for asset in assets[1:]:
        condition = condition | asset
    return AssetOrTimeSchedule(timetable=every(or_every), assets=condition)


def every(cron: str) -> CronDataIntervalTimetable:
    """Run at fixed times, in UTC, each run for the interval that has just ended."""
    return CronDataIntervalTimetable(cron, timezone="UTC")
