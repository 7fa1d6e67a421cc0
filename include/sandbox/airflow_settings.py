"""Loads connections, pools and variables from `airflow_settings.yaml` into a running Airflow.

The file has Astro's format, as `astro dev start` reads it: fields `conn_id`, `conn_type`, `conn_host`,
`conn_schema`, `conn_login`, `conn_password`, `conn_port`, `conn_extra`; `pool_name`, `pool_slot`,
`pool_description`; `variable_name`, `variable_value`. Entries of a template that was not filled in have no
name and are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from include.sandbox.airflow_client import AirflowClient
from include.sandbox.process import SandboxError

_CONNECTION_FIELDS = {
    "conn_type": "conn_type",
    "conn_host": "host",
    "conn_schema": "schema",
    "conn_login": "login",
    "conn_password": "password",
    "conn_port": "port",
}


@dataclass(frozen=True)
class Override:
    """What the running sandbox knows better than the file; None leaves the file's value.

    Attributes:
        host: Host name or address.
        port: TCP port.
        schema: Schema, for Postgres the database.
        login: User name.
        password: Password or token.
        extra: Merged into the file's extra, key by key.
    """

    host: str | None = None
    port: int | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    extra: Mapping[str, Any] | None = None

    def fields(self) -> dict[str, Any]:
        """The fields that are set, without extra."""
        names = ("host", "port", "schema", "login", "password")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True)
class Settings:
    """The file's entries as the REST API takes them."""

    connections: tuple[dict[str, Any], ...]
    pools: tuple[dict[str, Any], ...]
    variables: tuple[dict[str, Any], ...]


def read(file: Path) -> Settings:
    """Reads the file.

    Raises:
        SandboxError: It is missing or is not of that format.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        sections = content["airflow"]
        connections = [_connection(one) for one in sections.get("connections") or [] if one.get("conn_id")]
        pools = [_pool(one) for one in sections.get("pools") or [] if one.get("pool_name")]
        variables = [_variable(one) for one in sections.get("variables") or [] if one.get("variable_name")]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SandboxError(
            f"{file}: cannot be read as airflow settings ({type(error).__name__}: {error}). Expected "
            "`airflow:` with "
            "the lists connections, pools and variables."
        ) from error
    return Settings(tuple(connections), tuple(pools), tuple(variables))


def _connection(entry: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"connection_id": str(entry["conn_id"])}
    for theirs, ours in _CONNECTION_FIELDS.items():
        value = entry.get(theirs)
        if value not in (None, ""):
            body[ours] = int(value) if ours == "port" else str(value)
    extra = entry.get("conn_extra") or {}
    body["extra"] = dict(json.loads(extra) if isinstance(extra, str) else extra)
    return body


def _pool(entry: Mapping[str, Any]) -> dict[str, Any]:
    description = entry.get("pool_description") or ""
    return {
        "name": str(entry["pool_name"]),
        "slots": int(entry["pool_slot"]),
        "description": str(description),
        "include_deferred": False,
    }


def _variable(entry: Mapping[str, Any]) -> dict[str, Any]:
    value = entry.get("variable_value")
    return {"key": str(entry["variable_name"]), "value": "" if value is None else value}


def with_override(connection: Mapping[str, Any], override: Override) -> dict[str, Any]:
    """A connection of the file with what the sandbox knows better."""
    extra = {**connection["extra"], **(override.extra or {})}
    return {**connection, **override.fields(), "extra": extra}


def load(client: AirflowClient, file: Path, overrides: Mapping[str, Override]) -> list[str]:
    """Writes the file's entries to Airflow; what exists already is updated. Doing it again changes nothing.

    Args:
        client: Logged in as an administrator.
        file: `airflow_settings.yaml`.
        overrides: Per connection id; each must be in the file.

    Returns:
        What was written, such as "connection trueup_oms".

    Raises:
        SandboxError: The file is not as expected, an override names no connection of it, or Airflow refused.
    """
    settings = read(file)
    known = {one["connection_id"] for one in settings.connections}
    if overrides.keys() - known:
        raise SandboxError(
            f"{file}: has no connection {sorted(overrides.keys() - known)}, only {sorted(known)}. Add it to the file."
        )
    for one in settings.connections:
        body = with_override(one, overrides.get(one["connection_id"], Override()))
        # None rather than "{}", which Airflow would mask as a secret, and warn in each task that it is too short.
        extra = json.dumps(body["extra"]) if body["extra"] else None
        _put(client, "/connections", one["connection_id"], {**body, "extra": extra})
    for one in settings.pools:
        _put(client, "/pools", one["name"], one)
    for one in settings.variables:
        _put(client, "/variables", one["key"], one)
    return [
        *(f"connection {one['connection_id']}" for one in settings.connections),
        *(f"pool {one['name']}" for one in settings.pools),
        *(f"variable {one['key']}" for one in settings.variables),
    ]


def _put(client: AirflowClient, path: str, name: str, body: Mapping[str, Any]) -> None:
    # In this order: a POST of what exists already leaves a failed INSERT in the api-server's log.
    answer = client.request("PATCH", f"{path}/{name}", json=dict(body), ok=(httpx.codes.NOT_FOUND,))
    if answer.status_code == httpx.codes.NOT_FOUND:
        client.request("POST", path, json=dict(body))
