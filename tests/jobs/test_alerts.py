"""What a failing task, a warning and a missed deadline tell, over a real mail server, to Slack's and to any webhook."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import Any
from urllib.parse import quote

import pytest

from tests.jobs.airflow_process import BASE_URL
from tests.jobs.conftest import SLACK, SMTP, WEBHOOK, Alerting
from tests.jobs.own_airflow import ROOT

REFUSED = "stock.csv, line 1: found sku; expected Item. Correct the file and upload it again"
DOCUMENTED = [
    "kind", "subject", "dag_id", "run_id", "task_id", "map_index", "try_number", "tries", "error", "message",
    "next_step", "run_url", "task_url", "at",
]  # fmt: skip
"""The keys that docs/alerts.md names, in that order."""


def run_url(run_id: str) -> str:
    return f"{BASE_URL}/dags/alerting/runs/{quote(run_id)}"


def test_a_mail_names_the_cause_the_next_step_and_the_place(alerting: Alerting) -> None:
    alerting.channels(SMTP)
    ran = alerting.fail("AirflowFailException", REFUSED)
    (mail,) = alerting.mail.mails
    assert (mail.sender, mail.recipients) == ("trueup@example.com", ["ops@example.com"])
    assert mail.message["Subject"] == f"Trueup: alerting.fails_at_once: failed: {REFUSED}"
    for told in (
        f"What happened:  AirflowFailException: {REFUSED}\n",
        "What to do:     Do what the message says, then clear the task if it is to run again.\n",
        "DAG:            alerting\n",
        "Task:           fails_at_once\n",
        f"Run:            {ran.run_id}\n",
        "Try:            1 of 1\n",
        f"Task and log:   {run_url(ran.run_id)}/tasks/fails_at_once?try_number=1\n",
        f"Run in Airflow: {run_url(ran.run_id)}\n",
    ):
        assert told in mail.text


def test_the_webhook_gets_the_documented_keys(alerting: Alerting) -> None:
    alerting.channels(WEBHOOK)
    ran = alerting.fail("NeedsAction", REFUSED)
    (post,) = alerting.webhook.posts
    assert post.path == "/alerts/inventory"
    assert post.headers["authorization"] == "Bearer of-news"
    assert post.headers["content-type"] == "application/json"
    assert list(post.body) == DOCUMENTED
    assert post.body.pop("at").endswith("+00:00")
    assert post.body == {
        "kind": "task_failed",
        "subject": f"Trueup: alerting.fails_at_once: failed: {REFUSED}",
        "dag_id": "alerting",
        "run_id": ran.run_id,
        "task_id": "fails_at_once",
        "map_index": None,
        "try_number": 1,
        "tries": 1,
        "error": "NeedsAction",
        "message": REFUSED,
        "next_step": "Do what the message says, then clear the task if it is to run again.",
        "run_url": run_url(ran.run_id),
        "task_url": f"{run_url(ran.run_id)}/tasks/fails_at_once?try_number=1",
    }


def test_the_page_for_operations_names_the_keys() -> None:
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    _, table = page.split("## The webhook's document")
    named = [
        key for line in table.splitlines() for key in re.findall(r"`(\w+)`", line.partition("| ")[2].split(" | ")[0])
    ]
    assert named == DOCUMENTED


def test_slack_gets_the_same_text(alerting: Alerting) -> None:
    alerting.channels(SLACK, SMTP)
    alerting.fail("NeedsAction", REFUSED)
    (post,) = alerting.slack.posts
    assert post.path == "/T000/B000/unguessable"
    assert post.body == {"text": alerting.mail.mails[0].text}


@pytest.mark.parametrize(
    ("kind", "next_step"),
    [
        ("TryAgain", "Nothing was half done: "),
        ("DiskFull", "The disk of Trueup's database is full. "),
        ("RuntimeError", "See the task's log; "),
    ],
)
def test_the_next_step_fits_the_kind_of_failure(alerting: Alerting, kind: str, next_step: str) -> None:
    alerting.channels(WEBHOOK)
    alerting.fail(kind, "the server hung up")
    (post,) = alerting.webhook.posts
    assert post.body["error"] == kind
    assert post.body["next_step"].startswith(next_step)


def test_only_the_last_try_alerts(alerting: Alerting) -> None:
    alerting.channels(WEBHOOK)
    ran = alerting.run("fails", kind="RuntimeError", message="down")
    assert ran.tasks["fails"] == ("failed", 3)
    (post,) = alerting.webhook.posts
    assert (post.body["try_number"], post.body["tries"]) == (3, 3)
    assert post.body["task_url"].endswith("/tasks/fails?try_number=3")


def test_a_failure_that_a_retry_repairs_does_not_alert(alerting: Alerting) -> None:
    alerting.channels(SMTP, SLACK, WEBHOOK)
    ran = alerting.run("fails", kind="RuntimeError", message="down", failing_tries=2)
    assert ran.tasks["fails"] == ("success", 3)
    assert [alerting.mail.mails, alerting.slack.posts, alerting.webhook.posts, ran.log] == [[], [], [], []]


def test_what_needs_action_alerts_at_once_although_tries_are_left(alerting: Alerting) -> None:
    alerting.channels(WEBHOOK)
    ran = alerting.run("fails", kind="NeedsAction", message=REFUSED)
    assert ran.tasks["fails"] == ("failed", 1)
    (post,) = alerting.webhook.posts
    assert (post.body["try_number"], post.body["tries"]) == (1, 3)


def test_a_mapped_task_is_named_with_its_number(alerting: Alerting) -> None:
    alerting.channels(SMTP, WEBHOOK)
    ran = alerting.run("is_mapped", kind="NeedsAction", message=REFUSED)
    (post,) = alerting.webhook.posts
    assert (post.body["task_id"], post.body["map_index"]) == ("is_mapped", 1)
    assert post.body["task_url"] == f"{run_url(ran.run_id)}/tasks/is_mapped/mapped/1?try_number=1"
    assert "Task:           is_mapped, number 1\n" in alerting.mail.mails[0].text


def test_a_warning_does_not_fail_its_task(alerting: Alerting) -> None:
    alerting.channels(WEBHOOK)
    ran = alerting.run("warns", subject="5 rows were rejected", message="stock.csv: see error/stock.csv")
    assert ran.tasks["warns"] == ("success", 1)
    (post,) = alerting.webhook.posts
    assert (post.body["kind"], post.body["task_id"], post.body["error"]) == ("warning", "warns", None)
    assert post.body["subject"] == "Trueup: alerting.warns: 5 rows were rejected: stock.csv: see error/stock.csv"
    assert post.body["message"] == "stock.csv: see error/stock.csv"


@pytest.mark.parametrize("trouble", ["no such connection", "not JSON"])
def test_a_warning_that_cannot_be_sent_does_not_fail_its_task(alerting: Alerting, trouble: str) -> None:
    if trouble == "not JSON":
        alerting.write("[")
    else:
        alerting.channels(WEBHOOK | {"connection": "nobody_entered_it"})
    ran = alerting.run("warns", subject="5 rows were rejected", message="see error/stock.csv")
    assert ran.tasks["warns"] == ("success", 1)
    assert [line.split()[0] for line in ran.log] == ["ERROR"]


def test_a_task_whose_process_was_lost_alerts_from_the_dag_processor(alerting: Alerting) -> None:
    alerting.channels(WEBHOOK)
    alerting.airflow.lose(alerting.environment)
    (post,) = alerting.webhook.posts
    assert (post.body["kind"], post.body["task_id"], post.body["error"]) == ("task_failed", "fails_at_once", None)
    assert "ended without an exception" in post.body["message"]
    assert post.body["next_step"].startswith("See the task's log")


def test_secrets_that_airflow_knows_are_masked(alerting: Alerting) -> None:
    alerting.channels(SMTP, SLACK, WEBHOOK)
    alerting.connect("with_password", conn_type="http", host="h", password="open-sesame")
    alerting.environment["AIRFLOW_VAR_API_TOKEN"] = "shpat_0123456789"
    ran = alerting.run("tells_secrets")
    assert ran.tasks["tells_secrets"] == ("failed", 1)
    masked = "no answer from ftp://user:***@host with token ***"
    assert alerting.webhook.posts[0].body["message"] == masked
    assert masked in alerting.mail.mails[0].message["Subject"]
    for sent in (alerting.mail.mails[0].text, str(alerting.slack.posts[0].body), str(alerting.webhook.posts[0].body)):
        assert masked in sent
        assert "open-sesame" not in sent
        assert "shpat_0123456789" not in sent


HOSTILE = (
    "a\r\nBcc: evil@example.com\nX-Forged: yes\r\rTo: evil@example.com\x00\x0b\x85\u2028"
    "<script>alert(1)</script> <!channel> &amp; {{ 1/0 }} {% raw %}"
)


def test_a_message_cannot_forge_headers_nor_markup(alerting: Alerting) -> None:
    alerting.channels(SMTP, SLACK, WEBHOOK)
    alerting.fail("NeedsAction", HOSTILE)
    (mail,) = alerting.mail.mails
    head = mail.raw.split(b"\r\n\r\n")[0].decode("ascii")
    names = [line.split(":")[0] for line in head.splitlines() if not line.startswith((" ", "\t"))]
    assert names == ["Content-Type", "MIME-Version", "Subject", "From", "To", "Date"]
    assert mail.recipients == ["ops@example.com"]
    assert getaddresses([mail.message["To"]]) == [("", "ops@example.com")]
    assert "<script>alert(1)</script> <!channel> &amp; {{ 1/0 }} {% raw %}" in mail.text
    assert "\n                Bcc: evil@example.com\n" in mail.text, "what follows a line's end stays in its place"
    assert not set("\r\x00\x0b\x85\u2028") & set(mail.text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;!channel&gt; &amp;amp; " in alerting.slack.posts[0].body["text"]
    assert "\n" not in alerting.webhook.posts[0].body["subject"]


def test_long_and_foreign_messages_arrive(alerting: Alerting) -> None:
    alerting.channels(SMTP)
    alerting.fail("RuntimeError", "Größe: 靴下 " + "x" * 5000)
    (mail,) = alerting.mail.mails
    assert mail.message["Subject"].startswith("Trueup: alerting.fails_at_once: failed: Größe: 靴下")
    assert len(mail.message["Subject"]) <= 160
    assert "Größe: 靴下 xxx" in mail.text
    assert "characters more in the task's log)" in mail.text


def late(state: str, end_date: str | None, deadline_time: str = "2026-11-20T06:45:00Z") -> dict[str, Any]:
    run = {
        "dag_id": "import_inventory",
        "dag_run_id": "scheduled__2026-11-20T06:00:00+00:00",
        "state": state,
        "queued_at": "2026-11-20T06:00:00Z",
        "end_date": end_date,
    }
    return {"dag_run": run, "deadline": {"id": "1", "deadline_time": deadline_time}}


@pytest.mark.parametrize(
    ("state", "end_date"),
    [("running", None), ("success", "2026-11-20T06:46:00Z"), ("failed", "2026-11-20T06:46:00Z")],
)
def test_a_missed_deadline_names_the_run(alerting: Alerting, state: str, end_date: str | None) -> None:
    alerting.channels(SMTP, WEBHOOK)
    alerting.airflow.miss_deadline(late(state, end_date), alerting.environment)
    (post,) = alerting.webhook.posts
    assert list(post.body) == DOCUMENTED
    assert post.body["kind"] == "deadline_missed"
    assert post.body["subject"] == "Trueup: import_inventory is 45 minutes late"
    assert "by 2026-11-20T06:45:00Z: the average of its last runs and 45 minutes" in post.body["message"]
    assert f"It is {state}." in post.body["message"]
    assert post.body["next_step"].startswith("Open the run: ")
    url = f"{BASE_URL}/dags/import_inventory/runs/scheduled__2026-11-20T06%3A00%3A00%2B00%3A00"
    assert post.body["run_url"] == url
    (mail,) = alerting.mail.mails
    assert mail.message["Subject"] == post.body["subject"]
    for told in (post.body["message"], url):
        assert told in mail.text
    assert "Task" not in mail.text


def test_a_run_that_failed_before_its_deadline_does_not_alert_twice(alerting: Alerting) -> None:
    alerting.channels(WEBHOOK)
    ran = alerting.airflow.miss_deadline(late("failed", "2026-11-20T06:44:00Z"), alerting.environment)
    assert alerting.webhook.posts == []
    assert len(ran.log) == 1
    assert "had failed before its deadline" in ran.log[0]
