"""Channels by configuration alone: each of them, one that is down, none, and a Variable that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.sandbox import process
from tests.jobs import servers
from tests.jobs.conftest import SLACK, SMTP, WEBHOOK, Alerting

CAUSE = "the folder is not there; make it"


def test_without_channels_nothing_is_sent_and_one_line_says_so(alerting: Alerting) -> None:
    for value in (None, "", "[]", " \n"):
        if value is not None:
            alerting.write(value)
        ran = alerting.fail("NeedsAction", CAUSE)
        assert len(ran.log) == 1, repr(value)
        assert ran.log[0].startswith("INFO no alert is sent: the Airflow Variable alert_channels is empty")
    assert [alerting.mail.mails, alerting.slack.posts, alerting.webhook.posts] == [[], [], []]


@pytest.mark.parametrize("down", ["smtp", "slack", "webhook"])
def test_a_channel_that_is_down_does_not_stop_the_others(alerting: Alerting, down: str) -> None:
    port = process.free_port()
    nobody = f"http://127.0.0.1:{port}"
    if down == "smtp":
        alerting.connect("alert_smtp", conn_type="smtp", host="127.0.0.1", port=port)
    elif down == "slack":
        alerting.connect("alert_slack", conn_type="slackwebhook", host=nobody, password="T000/B000/unguessable")
    else:
        alerting.connect("alert_webhook", conn_type="http", host=nobody)
    order = {"smtp": [SMTP, SLACK, WEBHOOK], "slack": [SLACK, WEBHOOK, SMTP], "webhook": [WEBHOOK, SMTP, SLACK]}
    alerting.channels(*order[down])
    ran = alerting.fail("NeedsAction", CAUSE)
    came = {
        "smtp": len(alerting.mail.mails),
        "slack": len(alerting.slack.posts),
        "webhook": len(alerting.webhook.posts),
    }
    assert came == {kind: int(kind != down) for kind in came}
    (error,) = [line for line in ran.log if line.startswith("ERROR")]
    assert f"no alert over {down}, Airflow connection 'alert_{down}': " in error
    assert "check the connection and its server" in error
    assert CAUSE in error
    assert "unguessable" not in error


def test_receivers_that_refuse_or_hang_do_not_stop_the_others(alerting: Alerting) -> None:
    alerting.channels(SLACK, WEBHOOK, SMTP)
    alerting.slack.status, alerting.webhook.status = 500, None
    ran = alerting.fail("NeedsAction", CAUSE)
    assert [line.split()[0] for line in ran.log] == ["ERROR", "ERROR", "INFO"]
    assert "Status Code: 500" in ran.log[0]
    assert "ReadTimeout" in ran.log[1]
    assert len(alerting.mail.mails) == 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("[", "Airflow Variable alert_channels: not JSON (Expecting value"),
        ("ops@example.com", "Airflow Variable alert_channels: not JSON"),
        (json.dumps(SMTP), "Airflow Variable alert_channels: a JSON dict"),
        (json.dumps(["smtp"]), "entry 1: a JSON str"),
        (json.dumps([{"connection": "c"}]), "entry 1: the kind None is none of ['slack', 'smtp', 'webhook']"),
        (json.dumps([{"kind": "pager", "connection": "c"}]), "entry 1: the kind 'pager' is none of"),
        (
            json.dumps([{"kind": "smtp", "connection": "c"}]),
            "entry 1: smtp has the keys ['connection'], which should be",
        ),
        (json.dumps([SLACK | {"chanel": "#ops"}]), "entry 1: slack has the keys ['chanel', 'connection']"),
        (json.dumps([SLACK | {"connection": 7}]), "entry 1: connection is 7, no text"),
        (json.dumps([WEBHOOK | {"endpoint": None}]), "entry 1: endpoint is None, no text"),
        (json.dumps([SMTP | {"to": []}]), "entry 1: no mail address: []"),
        (json.dumps([SMTP | {"to": ["a@b.example\r\nBcc: c@d.example"]}]), "entry 1: no mail address: "),
        (json.dumps([SMTP | {"from": "Trueup"}]), "entry 1: no mail address: ['Trueup']"),
    ],
)
def test_a_wrong_variable_is_reported_and_hides_nothing(alerting: Alerting, value: str, told: str) -> None:
    alerting.write(value)
    ran = alerting.fail("NeedsAction", CAUSE)
    (error,) = ran.log
    assert error.startswith("ERROR")
    assert told in error
    assert 'expected a JSON list of {"kind": "smtp", ' in error
    assert [alerting.mail.mails, alerting.slack.posts, alerting.webhook.posts] == [[], [], []]


def test_the_channels_that_are_right_are_used(alerting: Alerting) -> None:
    alerting.channels({"kind": "smtp"}, WEBHOOK, "slack")
    ran = alerting.fail("NeedsAction", CAUSE)
    assert len(alerting.webhook.posts) == 1
    assert [line.split()[0] for line in ran.log] == ["ERROR", "ERROR", "INFO"]
    assert "entry 1" in ran.log[0]
    assert "entry 3" in ran.log[1]


def test_the_sender_may_stand_in_the_connection_and_one_recipient_alone(alerting: Alerting) -> None:
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "inventory@example.com"}
    alerting.connect("alert_smtp", conn_type="smtp", host="127.0.0.1", port=alerting.mail.port, extra=extra)
    alerting.channels({"kind": "smtp", "connection": "alert_smtp", "to": "ops@example.com"})
    alerting.fail("NeedsAction", CAUSE)
    (mail,) = alerting.mail.mails
    assert (mail.sender, mail.recipients) == ("inventory@example.com", ["ops@example.com"])


@pytest.mark.parametrize("way", ["starttls", "implicit"])
def test_mail_goes_by_tls_and_with_a_login_if_the_connection_says_so(
    alerting: Alerting, tmp_path: Path, way: str
) -> None:
    context, trusted = servers.certificate(tmp_path)
    alerting.channels(SMTP)
    settings = {"disable_ssl": True} if way == "starttls" else {"disable_tls": True}
    login, password = servers.LOGIN
    server = (
        servers.mail_server(starttls=context, login=True)
        if way == "starttls"
        else servers.mail_server(implicit=context)
    )
    with server as running:
        alerting.connect(
            "alert_smtp", conn_type="smtp", host="127.0.0.1", port=running.port, extra=settings,
            **({"login": login, "password": password} if way == "starttls" else {}),
        )  # fmt: skip
        ran = alerting.fail("NeedsAction", CAUSE)
        assert running.mails == [], "a certificate that nobody has signed must be refused"
        assert "CERTIFICATE_VERIFY_FAILED" in ran.log[0]

        alerting.environment["SSL_CERT_FILE"] = str(trusted)
        alerting.fail("NeedsAction", CAUSE)
        (mail,) = running.mails
        assert mail.was_encrypted
        assert mail.login == (login if way == "starttls" else None)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_refused_login_is_told_without_the_password(alerting: Alerting) -> None:
    alerting.channels(SMTP, WEBHOOK)
    with servers.mail_server(login=True) as running:
        alerting.connect(
            "alert_smtp", conn_type="smtp", host="127.0.0.1", port=running.port, login="alerts",
            password="not-the-right-one", extra={"disable_ssl": True, "disable_tls": True},
        )  # fmt: skip
        ran = alerting.fail("NeedsAction", CAUSE)
    assert running.mails == []
    assert "SMTPAuthenticationError" in ran.log[0]
    assert "not-the-right-one" not in ran.log[0]
    assert len(alerting.webhook.posts) == 1
