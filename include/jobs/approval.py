"""Asks people about plans that look like an accident. What they decide is kept with the plan, in Postgres."""

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import UPLOADS_PLANNED

logger = logging.getLogger(__name__)

APPROVE, REJECT = "Approve", "Reject"

LONGEST_WAIT = timedelta(days=2)
"""How long a question stays open. Then its run fails, so that somebody is alerted, and the next run asks again."""


@task
def find_held_plan() -> dict[str, Any]:
    """The oldest plan that waits for approval.

    Raises:
        AirflowSkipException: None does.
    """
    from dataclasses import asdict

    from include.channel import breaker
    from include.jobs import connections

    with connections.oms() as oms:
        held = breaker.held(oms)
    if not held:
        raise AirflowSkipException("no plan waits for approval")
    return asdict(held[0])


def ask() -> HITLOperator:
    """The question, in the Airflow UI under *Required Actions*."""
    plan = "ti.xcom_pull(task_ids='find_held_plan')"
    return HITLOperator(
        task_id="ask",
        subject=f"Push plan {{{{ {plan}['outbox_plan_id'] }}}} to shop {{{{ {plan}['shop_id'] }}}}?",
        body=f"It looks like an accident: {{{{ {plan}['held_because'] }}}}.\n\n"
        f"{{{{ {plan}['rows'] }}}} rows: {{{{ {plan}['units_up'] }}}} units up, {{{{ {plan}['units_down'] }}}} down."
        " Its rows are in `outbox_batch_row`, and `outbox_row_source` says where they come from.\n\n"
        f"*{APPROVE}* sends the plan as it is. *{REJECT}* drops it: its differences wait for the next hard sync, and"
        " later changes of the same rows are pushed.",
        options=[APPROVE, REJECT],
        response_timeout=LONGEST_WAIT,
    )


@task(outlets=[UPLOADS_PLANNED])
def decide(plan: Any, answer: Any) -> str:
    """Keep what was decided; returns what became of the plan.

    Raises:
        AirflowSkipException: Somebody has decided elsewhere meanwhile.
    """
    from include.channel import breaker
    from include.jobs import connections

    user = answer.get("responded_by_user") or {}
    decided_by = str(user.get("name") or "somebody in the Airflow UI")
    act = breaker.approve if answer["chosen_options"] == [APPROVE] else breaker.reject
    with connections.oms() as oms:
        try:
            batches = act(oms, plan["outbox_plan_id"], decided_by)
        except breaker.NotHeld as decided:
            raise AirflowSkipException(str(decided)) from decided
    logger.info("plan %s: %s by %s, %s batches", plan["outbox_plan_id"], act.__name__, decided_by, batches)
    return act.__name__
