"""Airflow's task runner, a mail server, a receiver for Slack's posts and one for the webhook's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.jobs import servers
from tests.jobs.airflow_process import AirflowProcess, Ran
from tests.jobs.servers import MailServer, Receiver

SMTP = {"kind": "smtp", "connection": "alert_smtp", "to": ["ops@example.com"], "from": "trueup@example.com"}
SLACK = {"kind": "slack", "connection": "alert_slack"}
WEBHOOK = {"kind": "webhook", "connection": "alert_webhook", "endpoint": "alerts/inventory"}


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcess]:
    process = AirflowProcess(tmp_path_factory.mktemp("airflow"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    with servers.mail_server() as running:
        yield running


@pytest.fixture(scope="session")
def http_servers() -> Iterator[tuple[Receiver, Receiver]]:
    with servers.receiver() as slack, servers.receiver() as webhook:
        yield slack, webhook


@dataclass
class Alerting:
    """Airflow with its channels. `environment` holds its connections and variables."""

    airflow: AirflowProcess
    mail: MailServer
    slack: Receiver
    webhook: Receiver
    environment: dict[str, str] = field(default_factory=dict)

    def connect(self, connection_id: str, **connection: Any) -> None:
        """Enter an Airflow connection."""
        self.environment[f"AIRFLOW_CONN_{connection_id.upper()}"] = json.dumps(connection)

    def channels(self, *channels: Any) -> None:
        """Enter the Variable `alert_channels`."""
        self.write(json.dumps(list(channels)))

    def write(self, value: str) -> None:
        """Enter any text as the Variable `alert_channels`."""
        self.environment["AIRFLOW_VAR_ALERT_CHANNELS"] = value

    def run(self, task: str, **conf: Any) -> Ran:
        """Run the DAG; the task does what the rest says."""
        return self.airflow.run({"task": task, **conf}, self.environment)

    def fail(self, kind: str, message: str, **conf: Any) -> Ran:
        """Run the DAG with a task that fails and is not tried again."""
        ran = self.run("fails_at_once", kind=kind, message=message, **conf)
        assert ran.tasks["fails_at_once"] == ("failed", 1)
        return ran


@pytest.fixture
def alerting(airflow: AirflowProcess, mail_server: MailServer, http_servers: tuple[Receiver, Receiver]) -> Alerting:
    """Airflow with connections to a mail server, to Slack and to a webhook, and no channel yet."""
    slack, webhook = http_servers
    for server in (slack, webhook):
        server.posts.clear()
        server.status = 200
    mail_server.mails.clear()
    found = Alerting(airflow, mail_server, slack, webhook)
    plain = {"disable_ssl": True, "disable_tls": True}
    found.connect("alert_smtp", conn_type="smtp", host="127.0.0.1", port=mail_server.port, extra=plain)
    found.connect("alert_slack", conn_type="slackwebhook", host=slack.url, password="T000/B000/unguessable")
    found.connect("alert_webhook", conn_type="http", host=webhook.url, extra={"Authorization": "Bearer of-news"})
    return found
