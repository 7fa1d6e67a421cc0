"""Asks people about plans that look like an accident. What they decide is kept with the plan, in Postgres."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.jobs.assets import UPLOADS_PLANNED

if TYPE_CHECKING:
    from include.channel.planning.breaker import HeldPlan

logger = logging.getLogger(__name__)

APPROVE, REJECT = "Approve", "Reject"

LONGEST_WAIT = timedelta(days=2)
"""How long a question stays open. Then its run fails, so that somebody is alerted, and the next run asks again."""

MOST_RUNS = 16
"""Runs of `approve_uploads` that may wait for answers at the same time, each for the plans that were new to it."""


@task
def find_held_plans(ti: Any = None) -> list[dict[str, Any]]:
    """The plans that wait for approval and that no other run is asking about.

    Returns:
        By plan: its number, and the question.

    Raises:
        AirflowSkipException: There is none.
    """
    from include.channel.planning import breaker
    from include.jobs import connections

    def is_alive(run_id: str) -> bool:
        alive = ti.get_dr_count(dag_id=ti.dag_id, run_ids=[run_id], states=["queued", "running"])
        return bool(alive)

    with connections.oms() as oms:
        held = breaker.claim(oms, ti.run_id, is_alive)
    if not held:
        raise AirflowSkipException("no plan waits for approval that nobody is asked about")
    return [
        {
            "plan_id": plan.outbox_plan_id,
            "subject": f"Push plan {plan.outbox_plan_id} to shop {plan.shop_id}?",
            "body": _question(plan),
        }
        for plan in held
    ]


def _question(plan: "HeldPlan") -> str:
    """What somebody has to know to decide on a plan, in Markdown."""
    why = "\n".join(f"- {each}" for each in plan.held_because.split("; "))
    return (
        f"It looks like an accident:\n\n{why}\n\n"
        f"{plan.rows:,} rows: {plan.units_up:,} units up, {plan.units_down:,} down."
        " Its rows are in `outbox_batch_row`, and `outbox_row_source` says where they come from.\n\n"
        f"*{APPROVE}* sends the plan as it is. *{REJECT}* drops it: its differences wait for the next hard sync,"
        " and later changes of the same rows are pushed."
    )


def ask(subject: Any, body: Any) -> HITLOperator:
    """The question about one plan, in the Airflow UI under *Required Actions*."""
    return HITLOperator(
        task_id="ask",
        subject=subject,
        body=body,
        options=[APPROVE, REJECT],
        response_timeout=LONGEST_WAIT,
        map_index_template="{{ task.subject }}",
    )


@task(outlets=[UPLOADS_PLANNED])
def decide(plan_id: int, answer: Any) -> str:
    """Keep what was decided on a plan; returns what became of it.

    Raises:
        AirflowSkipException: Somebody has decided elsewhere meanwhile.
    """
    from include.channel.planning import breaker
    from include.jobs import connections

    user = answer.get("responded_by_user") or {}
    decided_by = str(user.get("name") or "somebody in the Airflow UI")
    act = breaker.approve if answer["chosen_options"] == [APPROVE] else breaker.reject
    with connections.oms() as oms:
        try:
            batches = act(oms, plan_id, decided_by)
        except breaker.NotHeld as decided:
            raise AirflowSkipException(str(decided)) from decided
    logger.info("plan %s: %s by %s, %s batches", plan_id, act.__name__, decided_by, batches)
    return act.__name__
