"""What all DAGs have in common: owner, retries by kind of failure, time limits, alerts, the safety-net schedules."""

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryDecision,
    RetryRule,
)

from include.errors import NeedsAction, TryAgain
from include.jobs import alerts


class RetryByKind(ExceptionRetryPolicy):
    """Retries by the kind of failure. One that says itself how long to wait is tried again after just that."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """What to do about a failure; see the base class."""
        seconds = getattr(exception, "seconds", None)
        if isinstance(exception, TryAgain) and seconds is not None:
            return RetryDecision.retry(timedelta(seconds=max(1.0, float(seconds))), "as long as the answer asked for")
        return super().evaluate(exception, try_number, max_tries, context)


RETRY_BY_KIND = RetryByKind(
    rules=[
        RetryRule(NeedsAction, RetryAction.FAIL, reason="nothing changes until somebody acts on it"),
        RetryRule(TryAgain, RetryAction.RETRY, retry_delay=timedelta(seconds=20), reason="only for a moment"),
        RetryRule(
            "include.shopify.errors.OutcomeUnknown",
            RetryAction.RETRY,
            timedelta(seconds=60),
            reason="a question got no answer; what was written is settled by looking, and never sent again",
        ),
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

GRACE = timedelta(minutes=2)
"""How long after its end a wait in the triggerer counts as stuck."""

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
