"""What Airflow does about each kind of failure on the way to Shopify."""

import pytest
from airflow.sdk import RetryAction

from include.channel.delivery.outbox import Fenced
from include.channel.delivery.preflight import NotReady
from include.db.connection import LockedElsewhere
from include.intake.errors import NotWritten
from include.jobs.connections import ConnectionMisconfigured
from include.jobs.defaults import RETRY_BY_KIND
from include.jobs.shops import ShopsInTrouble
from include.shopify.bulk_query import ExportFailed, ExportRefused
from include.shopify.errors import NotSent, OutcomeUnknown, RequestRefused, Throttled


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (Throttled("THROTTLED", 7.5), 7.5),
        (Throttled("HTTP 429", 300.0), 300.0),
        (NotSent("no connection"), 20.0),
        (LockedElsewhere("at work"), 20.0),
        (ExportFailed("FAILED"), 20.0),
        (NotWritten("no room on the server"), 20.0),
        (OutcomeUnknown("a question without an answer"), 60.0),
        (OSError("the connection failed"), 30.0),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_over_soon_is_tried_again_after_its_own_wait(failure: Exception, seconds: float) -> None:
    decision = RETRY_BY_KIND.evaluate(failure, 1, 3)
    assert decision.action == RetryAction.RETRY
    assert decision.retry_delay is not None
    assert decision.retry_delay.total_seconds() == seconds


@pytest.mark.parametrize(
    "failure",
    [
        RequestRefused("HTTP 401"),
        NotReady("a scope is missing"),
        ExportRefused("ACCESS_DENIED"),
        ConnectionMisconfigured("no password"),
        ShopsInTrouble("some"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_somebody_must_act_on_fails_at_once(failure: Exception) -> None:
    assert RETRY_BY_KIND.evaluate(failure, 1, 3).action == RetryAction.FAIL


def test_a_sender_that_was_replaced_is_tried_as_any_other() -> None:
    """It has sent nothing, and the next try is a sender of its own."""
    assert RETRY_BY_KIND.evaluate(Fenced("another sender"), 1, 3).action == RetryAction.DEFAULT
