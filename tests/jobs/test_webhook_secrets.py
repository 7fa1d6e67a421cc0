"""Whose secrets may sign webhooks: one shop's connection is no trouble of the others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.jobs import connections

EXTRAS: dict[str, Any] = {
    "good": {"webhook_secrets": ["older", "newer"]},
    "single": {"webhook_secrets": "only"},
    "odd": {"webhook_secrets": 7},
    "none": {"webhook_secrets": None},
}


def test_a_shop_whose_connection_cannot_be_read_does_not_silence_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    shops = [(f"{name}.myshopify.com", name, name) for name in ("gone", "good", "odd", "single", "none")]

    @contextmanager
    def database() -> Iterator[Any]:
        yield SimpleNamespace(execute=lambda _: SimpleNamespace(fetchall=lambda: shops))

    def find(connection_id: str) -> Any:
        if connection_id not in EXTRAS:
            raise AirflowNotFoundException(f"The conn_id `{connection_id}` isn't defined")
        login = "client" if connection_id == "good" else None
        extra = json.loads(json.dumps(EXTRAS[connection_id]))
        return SimpleNamespace(extra_dejson=extra, login=login, password="password")

    monkeypatch.setattr(connections, "oms", database)
    monkeypatch.setattr(BaseHook, "get_connection", find)
    assert connections.webhook_secrets() == {
        "good.myshopify.com": ("good", ["older", "newer", "password"]),
        "single.myshopify.com": ("single", ["only"]),
        "none.myshopify.com": ("none", []),
    }
