"""What an alert says: as fields, as a mail's text, as the webhook's JSON document."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from include.errors import NeedsAction, TryAgain
from include.jobs.advice import advice

LONGEST_SUBJECT = 160
LONGEST_MESSAGE = 4000
"""Characters. A driver's exception may quote a whole statement; the task's log has all of it."""

DO_WHAT_IT_SAYS = "Do what the message says, then clear the task if it is to run again."
TRY_AGAIN = "Nothing was half done: once what the message names is out of the way, clear the task to try again."
SEE_THE_LOG = "See the task's log; the DAG's page in Airflow says what to do when it fails."
SEE_THE_RUN = (
    "Open the run: the log of the task that is not done says what it waits for; where none has started, look for"
    " another run of this DAG ahead of it, a full pool, or a scheduler that is down."
)

_CONTROL = re.compile(r"[^\S \n]|[\x00-\x08\x0e-\x1f\x7f\x80-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; the fields are the keys of the webhook's JSON document.

    Attributes:
        kind: `task_failed`, `deadline_missed` or `warning`.
        subject: All in one line.
        dag_id: The DAG.
        run_id: Its run.
        task_id: The task; None for a deadline.
        map_index: Which of a mapped task's instances; None where it is not mapped.
        try_number: The try that failed, from 1; None for a deadline.
        tries: How many tries there may be; None for a deadline.
        error: The exception's kind; None where there is none.
        message: What happened, and what was expected.
        next_step: What to do.
        run_url: The run in Airflow.
        task_url: The task in Airflow, with its log; None for a deadline.
        at: When the alert was made, ISO 8601 in UTC.
    """

    kind: str
    subject: str
    dag_id: str
    run_id: str
    task_id: str | None
    map_index: int | None
    try_number: int | None
    tries: int | None
    error: str | None
    message: str
    next_step: str
    run_url: str
    task_url: str | None
    at: str

    def document(self) -> dict[str, Any]:
        """The JSON document of the webhook: all fields, always."""
        return asdict(self)

    def text(self) -> str:
        """The plain text of a mail."""
        tried = None if self.try_number is None else f"{self.try_number} of {self.tries}"
        fields = {
            "What happened": self.message if self.error is None else f"{self.error}: {self.message}",
            "What to do": self.next_step,
            "DAG": self.dag_id,
            "Task": self.task_id if self.map_index is None else f"{self.task_id}, number {self.map_index}",
            "Run": self.run_id,
            "Try": tried,
            "Task and log": self.task_url,
            "Run in Airflow": self.run_url,
            "Alert made at": self.at,
        }
        lines = [f"{name + ':':<16}{_hanging(value)}" for name, value in fields.items() if value is not None]
        return "\n".join([self.subject, "", *lines, ""])


def of_failure(context: Mapping[str, Any]) -> Alert:
    """The alert of a failed task.

    Args:
        context: The task's context, with `exception` where Airflow knows it.
    """
    error = context.get("exception")
    if isinstance(error, BaseException):
        name, message = type(error).__name__, str(error) or "no message"
    elif error:
        name, message = None, str(error)
    else:
        name = None
        message = "The task's process ended without an exception: it was killed, ran out of memory or lost its machine."
    return _of_task("task_failed", "failed", name, message, _next_step(error), context)


def of_warning(subject: str, message: str, context: Mapping[str, Any]) -> Alert:
    """The alert of a task that goes on.

    Args:
        subject: What is wrong, in a few words.
        message: Where and what, what was expected, what to do next.
        context: The task's context.
    """
    return _of_task("warning", subject, None, message, "Do what the message says.", context)


def of_missed_deadline(minutes: int, context: Mapping[str, Any]) -> Alert:
    """The alert of a run that is late.

    Args:
        minutes: How much longer than on average it may take.
        context: `dag_run` as the REST API shows it, and `deadline`.
    """
    run = context["dag_run"]
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    message = (
        f"The run, queued at {run.get('queued_at')}, should have finished by {context['deadline']['deadline_time']}:"
        f" the average of its last runs and {minutes} minutes. It is {run.get('state')}."
    )
    return Alert(
        kind="deadline_missed",
        subject=_line(f"Trueup: {dag_id} is {minutes} minutes late"),
        dag_id=dag_id,
        run_id=run_id,
        task_id=None,
        map_index=None,
        try_number=None,
        tries=None,
        error=None,
        message=_clean(message),
        next_step=SEE_THE_RUN,
        run_url=_run_url(dag_id, run_id),
        task_url=None,
        at=_now(),
    )


def has_failed_in_time(context: Mapping[str, Any]) -> bool:
    """Whether a run had failed before its deadline."""
    run, due = context["dag_run"], context["deadline"]["deadline_time"]
    if run.get("state") != "failed" or not run.get("end_date"):
        return False
    return _moment(run["end_date"]) <= _moment(due)


def _of_task(
    kind: str, what: str, error: str | None, message: str, next_step: str, context: Mapping[str, Any]
) -> Alert:
    ti = context["ti"]
    mapped = ti.map_index is not None and ti.map_index >= 0
    run_url = _run_url(ti.dag_id, ti.run_id)
    place = f"/tasks/{quote(ti.task_id, safe='')}" + (f"/mapped/{ti.map_index}" if mapped else "")
    message = _clean(message)
    return Alert(
        kind=kind,
        subject=_line(f"Trueup: {ti.dag_id}.{ti.task_id}: {_clean(what)}: {message}"),
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=ti.map_index if mapped else None,
        try_number=ti.try_number,
        tries=_tries(ti),
        error=error,
        message=message,
        next_step=next_step,
        run_url=run_url,
        task_url=f"{run_url}{place}?try_number={ti.try_number}",
        at=_now(),
    )


def _tries(ti: Any) -> int:
    retries = ti.max_tries if ti.max_tries is not None else ti.task.retries
    return max(int(retries) + 1, int(ti.try_number))


def _next_step(error: object) -> str:
    if isinstance(error, NeedsAction | AirflowFailException):
        return DO_WHAT_IT_SAYS
    return TRY_AGAIN if isinstance(error, TryAgain) else advice(error) or SEE_THE_LOG


def _run_url(dag_id: str, run_id: str) -> str:
    base = conf.get("api", "base_url", fallback=None) or "http://localhost:8080"
    return f"{base.rstrip('/')}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def _clean(text: str) -> str:
    """Without what Airflow knows as secret and without control characters, and not too long."""
    masked = str(redact(text))
    plain = _CONTROL.sub(" ", masked.replace("\r\n", "\n")).strip()
    if len(plain) <= LONGEST_MESSAGE:
        return plain
    return f"{plain[:LONGEST_MESSAGE]} ... ({len(plain) - LONGEST_MESSAGE} characters more in the task's log)"


def _line(text: str) -> str:
    """One line, as a mail's header must be."""
    return textwrap.shorten(text, LONGEST_SUBJECT, placeholder=" ...")


def _hanging(value: str) -> str:
    return value.replace("\n", "\n" + " " * 16)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _moment(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
