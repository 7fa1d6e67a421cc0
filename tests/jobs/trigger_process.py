"""A trigger in a process of its own, made and run as the triggerer does it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.jobs.own_airflow import OrderedProcess, obey

LONGEST_RUN = 60.0
FILE_TRIGGER = "include.jobs.file_trigger.FileTrigger"


@dataclass(frozen=True)
class Ended:
    """What a trigger came to: the state that it ended its task in, or else its events; and what it logged."""

    state: str | None
    events: list[dict[str, Any]]
    log: list[str]

    @property
    def event(self) -> dict[str, Any] | None:
        """The only event, if there is one."""
        return self.events[0] if self.events else None


class TriggerProcess:
    """The process, as the tests see it."""

    def __init__(self, home: Path) -> None:
        self._process = OrderedProcess(__file__, home)
        self._before = 0

    def start(
        self,
        kwargs: dict[str, Any],
        seconds: float,
        environment: dict[str, str],
        trigger: str = FILE_TRIGGER,
        events: int | None = None,
    ) -> None:
        """Start a trigger that may wait for so long, with connections in the environment.

        It runs to its end, and fires one event; with `events` it is ended after so many.
        """
        order = {"trigger": trigger, "kwargs": kwargs, "seconds": seconds, "events": events}
        self._before = self._process.log.stat().st_size
        self._process.tell(order | {"environment": environment})

    def wait_for(self, text: str) -> None:
        """Return once the trigger that was started last has logged something."""
        until = time.monotonic() + LONGEST_RUN
        while text.encode() not in self._process.log.read_bytes()[self._before :]:
            assert time.monotonic() < until, f"it has not logged {text!r}"
            time.sleep(0.02)

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


async def _run(made_by: str, kwargs: dict[str, Any], seconds: float, wanted: int | None) -> dict[str, Any]:
    from contextlib import aclosing
    from datetime import UTC, datetime, timedelta

    from airflow.sdk._shared.module_loading import import_string

    from include.jobs.defaults import GRACE

    path, kept = import_string(made_by)(**kwargs).serialize()
    trigger = import_string(path)(**json.loads(json.dumps(kept)))
    trigger.timeout_after = datetime.now(UTC) + timedelta(seconds=seconds) + GRACE
    fired: list[Any] = []
    async with aclosing(trigger.run()) as events:
        async for event in events:
            fired.append(event)
            if len(fired) == wanted:
                break
    assert wanted or len(fired) == 1, fired
    state = getattr(fired[-1], "task_instance_state", None)
    return {"state": state and state.value, "events": [] if state else [event.payload for event in fired]}


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    import asyncio

    return asyncio.run(_run(order["trigger"], order["kwargs"], order["seconds"], order["events"]))


if __name__ == "__main__":
    obey(_carry_out)
