"""The tasks that tell the ERP of variances: freeze the files, upload them."""

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

logger = logging.getLogger(__name__)

SECONDS_FOR_THE_LOCK = 60.0
"""How long an upload waits for another one of the same feed."""


@task
def freeze_variances(params: dict[str, Any] | None = None, ti: Any = None) -> dict[str, Any]:
    """Freeze what the ERP has not been told into files, and alert of what cannot be told; returns what was found.

    Raises:
        FeedMisconfigured: The feed lacks something; the message says what to enter where.
        AirflowSkipException: It is a dry run. The result is there all the same.
    """
    from include.intake import variance_feed
    from include.jobs import alerts, connections

    assert params is not None
    with connections.oms() as oms:
        feed = variance_feed.feed(oms, params["varianceFeedId"])
        told = (variance_feed.forecast if params["dryRun"] else variance_feed.freeze)(oms, feed)
    report = {"files": list(told.files), "variances": told.rows, "untold": list(told.untold)}
    logger.info("%s: %s", feed.variance_feed_id, report)
    if params["dryRun"]:
        ti.xcom_push("return_value", report)
        raise AirflowSkipException(f"dry run: {told.rows} variances would be told")
    if told.untold:
        alerts.send(
            f"{feed.variance_feed_id}: variances that the ERP cannot be told",
            "\n- ".join(["These wait until what is missing has been entered, and are told by the next run then:",
                         *told.untold]),
        )  # fmt: skip
    return report


@task
def upload_variances(params: dict[str, Any] | None = None) -> list[str]:
    """Upload the frozen files; returns their paths.

    Raises:
        AirflowSkipException: None waits.
    """
    from include.db.connection import exclusive
    from include.intake import variance_feed
    from include.jobs import connections

    assert params is not None
    with connections.oms() as oms:
        feed = variance_feed.feed(oms, params["varianceFeedId"])
        if not variance_feed.waiting(oms, feed):
            raise AirflowSkipException("there is nothing to tell")
        lock = exclusive(oms, f"variance feed {feed.variance_feed_id}", SECONDS_FOR_THE_LOCK)
        with lock, connections.sftp(feed.property_resource) as sftp:
            uploaded = variance_feed.upload(oms, sftp, feed)
    logger.info("uploaded %s", uploaded)
    return uploaded
