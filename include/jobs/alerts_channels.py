"""Where alerts go: the Airflow Variable `alert_channels`, and Airflow's own notifiers for mail, Slack and HTTP."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow.providers.http.notifications.http import HttpNotifier
from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import BaseNotifier, Variable
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from include.jobs.alerts_message import Alert

logger = logging.getLogger(__name__)

VARIABLE = "alert_channels"

PATIENCE = 5
"""Seconds for each of a channel's steps: Airflow ends a failed task's process 20 s after the failure, and the channels
behind one that hangs are to have their turn."""

KEYS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "smtp": (frozenset({"connection", "to"}), frozenset({"from"})),
    "slack": (frozenset({"connection"}), frozenset()),
    "webhook": (frozenset({"connection"}), frozenset({"endpoint"})),
}
"""The keys of an entry, by kind: those it must have, and those it may have."""

EXPECTED = (
    'a JSON list of {"kind": "smtp", "connection": ID, "to": [ADDRESS, ...], "from": ADDRESS},'
    ' {"kind": "slack", "connection": ID} and {"kind": "webhook", "connection": ID, "endpoint": PATH};'
    ' "from" and "endpoint" may be left out. ID is an Airflow connection. Correct it under Admin > Variables'
)

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


@dataclass(frozen=True, slots=True)
class Channel:
    """One way of sending.

    Attributes:
        kind: `smtp`, `slack` or `webhook`.
        connection: The Airflow connection's id.
        to: Recipients of mails.
        sender: Sender of mails; None: the connection's `from_email`.
        endpoint: Path below the webhook connection's address.
    """

    kind: str
    connection: str
    to: tuple[str, ...] = ()
    sender: str | None = None
    endpoint: str | None = None


class PlainTextSmtpHook(SmtpHook):
    """Airflow's mail hook, which knows HTML only and waits for longer than there is time."""

    @property
    def timeout(self) -> int:
        """Seconds for each step; the connection's `timeout` overrides it."""
        return int(self.conn.extra_dejson.get("timeout", PATIENCE))

    @property
    def smtp_retry_limit(self) -> int:
        """How often to try again at once; the connection's `retry_limit` overrides it."""
        return int(self.conn.extra_dejson.get("retry_limit", 1))

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> Any:
        message, recipients = super()._build_mime_message(*args, **kwargs)
        for part in message.walk():
            if part.get_content_type() == "text/html":
                part.set_type("text/plain")
        return message, recipients


class PlainTextSmtpNotifier(SmtpNotifier):
    """Airflow's mail notifier with a body of plain text, in which nothing has to be escaped."""

    @cached_property
    def hook(self) -> SmtpHook:
        """The hook that sends."""
        return PlainTextSmtpHook(smtp_conn_id=self.smtp_conn_id)


def deliver(alert: Alert) -> None:
    """Send an alert over every channel. One channel's trouble is logged and does not stop the others."""
    value = Variable.get(VARIABLE, default=None)
    channels, mistakes = parse(value)
    for mistake in mistakes:
        logger.error("%s", mistake)
    if not channels and not mistakes:
        logger.info("no alert is sent: the Airflow Variable %s is empty (%s)", VARIABLE, alert.subject)
    for channel in channels:
        try:
            # Not called as a callback: that would take the message for a Jinja template.
            notifier(channel, alert).notify({})
        except Exception as trouble:
            logger.error(
                "no alert over %s, Airflow connection %r: %s. Expected it to take the alert: check the connection and"
                " its server; what was to be said: %s",
                channel.kind,
                channel.connection,
                redact(f"{type(trouble).__name__}: {trouble}"),
                alert.subject,
            )
        else:
            logger.info("alert sent over %s, Airflow connection %r", channel.kind, channel.connection)


def notifier(channel: Channel, alert: Alert) -> BaseNotifier:
    """Airflow's notifier that sends an alert over a channel."""
    if channel.kind == "smtp":
        return PlainTextSmtpNotifier(
            smtp_conn_id=channel.connection,
            to=list(channel.to),
            from_email=channel.sender,
            subject=alert.subject,
            html_content=alert.text(),
        )
    if channel.kind == "slack":
        return SlackWebhookNotifier(
            slack_webhook_conn_id=channel.connection, text=_for_slack(alert.text()), timeout=PATIENCE
        )
    return HttpNotifier(
        http_conn_id=channel.connection,
        endpoint=channel.endpoint,
        json=alert.document(),
        extra_options={"timeout": PATIENCE},
    )


def parse(value: str | None) -> tuple[list[Channel], list[str]]:
    """Read the Variable.

    Args:
        value: Its text; None or nothing but white space where no channel is wanted.

    Returns:
        The channels that are right, and what is wrong with the others.
    """
    if value is None or not value.strip():
        return [], []
    try:
        entries = json.loads(value)
    except ValueError as error:
        return [], [f"Airflow Variable {VARIABLE}: not JSON ({error}); expected {EXPECTED}"]
    if not isinstance(entries, list):
        return [], [f"Airflow Variable {VARIABLE}: a JSON {type(entries).__name__}; expected {EXPECTED}"]
    channels: list[Channel] = []
    mistakes: list[str] = []
    for number, entry in enumerate(entries, 1):
        if wrong := _wrong(entry):
            mistakes.append(f"Airflow Variable {VARIABLE}, entry {number}: {wrong}; expected {EXPECTED}")
        else:
            channels.append(_channel(entry))
    return channels, mistakes


def _channel(entry: Mapping[str, Any]) -> Channel:
    to = entry.get("to", [])
    return Channel(
        kind=entry["kind"],
        connection=entry["connection"],
        to=(to,) if isinstance(to, str) else tuple(to),
        sender=entry.get("from"),
        endpoint=entry.get("endpoint"),
    )


def _wrong(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return f"a JSON {type(entry).__name__}"
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KEYS:
        return f"the kind {kind!r} is none of {sorted(KEYS)}"
    must, may = KEYS[kind]
    found = entry.keys() - {"kind"}
    if must - found or found - must - may:
        return f"{kind} has the keys {sorted(found)}, which should be {sorted(must)} and may be {sorted(may)}"
    return _wrong_value(entry)


def _wrong_value(entry: Mapping[str, Any]) -> str | None:
    for key in ("connection", "endpoint"):
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            return f"{key} is {entry[key]!r}, no text"
    if "to" not in entry:
        return None
    to = entry["to"] if isinstance(entry["to"], list) else [entry["to"]]
    sender = [entry["from"]] if "from" in entry else []
    bad = [one for one in [*to, *sender] if not (isinstance(one, str) and _ADDRESS.fullmatch(one))]
    if bad or not to:
        return f"no mail address: {bad or entry['to']!r}"
    return None


def _for_slack(text: str) -> str:
    """As Slack asks for it: no character of a message makes a link or calls a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
