"""A trigger in a process of its own, made and run as the triggerer does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.jobs.own_airflow import OrderedProcess, obey

LONGEST_RUN = 60.0
FILE_TRIGGER = "include.jobs.file_trigger.FileTrigger"


@dataclass(frozen=True)
class Ended:
    """What a trigger came to: the state that it ended its task in, or else its event; and what it logged."""

    state: str | None
    event: dict[str, str] | None
    log: list[str]


class TriggerProcess:
    """The process, as the tests see it."""

    def __init__(self, home: Path) -> None:
        self._process = OrderedProcess(__file__, home)

    def start(
        self, kwargs: dict[str, Any], seconds: float, environment: dict[str, str], trigger: str = FILE_TRIGGER
    ) -> None:
        """Start a trigger that may wait for so long, with connections in the environment."""
        order = {"trigger": trigger, "kwargs": kwargs, "seconds": seconds, "environment": environment}
        self._process.tell(order)

    def ended(self) -> Ended:
        """What it has come to; waits for its end."""
        return Ended(**self._process.answer(LONGEST_RUN))

    @property
    def log(self) -> Path:
        """What it has printed."""
        return self._process.log

    def stop(self) -> None:
        """End it."""
        self._process.stop()


async def _run(made_by: str, kwargs: dict[str, Any], seconds: float) -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    from airflow.sdk._shared.module_loading import import_string

    from include.jobs.defaults import GRACE

    path, kept = import_string(made_by)(**kwargs).serialize()
    trigger = import_string(path)(**json.loads(json.dumps(kept)))
    trigger.timeout_after = datetime.now(UTC) + timedelta(seconds=seconds) + GRACE
    (event,) = [event async for event in trigger.run()]
    state = getattr(event, "task_instance_state", None)
    return {"state": state and state.value, "event": None if state else event.payload}


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    import asyncio

    return asyncio.run(_run(order["trigger"], order["kwargs"], order["seconds"]))


if __name__ == "__main__":
    obey(_carry_out)
