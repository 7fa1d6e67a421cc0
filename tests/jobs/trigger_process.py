"""A trigger in a process of its own, made and run as the triggerer does it.

Apart from pytest, as Airflow changes the process that it is in; started once, as that takes some seconds.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
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
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")} | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "TZ": "UTC",
        }
        self.log = home / "process.log"
        with self.log.open("w") as log:
            self._popen = subprocess.Popen(
                [sys.executable, __file__], cwd=home, env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def start(
        self, kwargs: dict[str, Any], seconds: float, environment: dict[str, str], trigger: str = FILE_TRIGGER
    ) -> None:
        """Start a trigger that may wait for so long, with connections in the environment."""
        assert self._popen.stdin is not None
        order = {"trigger": trigger, "kwargs": kwargs, "seconds": seconds, "environment": environment}
        self._popen.stdin.write(json.dumps(order) + "\n")
        self._popen.stdin.flush()

    def ended(self) -> Ended:
        """What it has come to; waits for its end."""
        assert self._popen.stdout is not None
        ready, _, _ = select.select([self._popen.stdout], [], [], LONGEST_RUN)
        line = self._popen.stdout.readline() if ready else ""
        assert line, f"no answer; the end of its log:\n{self.log.read_text()[-4000:]}"
        return Ended(**json.loads(line))

    def stop(self) -> None:
        """End it."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        try:
            self._popen.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        if self._popen.stdout is not None:
            self._popen.stdout.close()


class _Records(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.lines.append(f"{record.levelname} {record.getMessage()}")
        print(self.lines[-1], file=sys.stderr, flush=True)


async def _run(made_by: str, kwargs: dict[str, Any], seconds: float) -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    from airflow.sdk._shared.module_loading import import_string

    from include.jobs.file_import import GRACE

    path, kept = import_string(made_by)(**kwargs).serialize()
    trigger = import_string(path)(**json.loads(json.dumps(kept)))
    trigger.timeout_after = datetime.now(UTC) + timedelta(seconds=seconds) + GRACE
    (event,) = [event async for event in trigger.run()]
    state = getattr(event, "task_instance_state", None)
    return {"state": state and state.value, "event": None if state else event.payload}


def _obey() -> None:
    import asyncio

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Airflow prints goes to the log
    import include.jobs.file_trigger  # noqa: F401

    logger = logging.getLogger("include.jobs")
    logger.setLevel(logging.INFO)
    for line in sys.stdin:
        order = json.loads(line)
        records = _Records()
        logger.addHandler(records)
        os.environ.update(order["environment"])
        answer = asyncio.run(_run(order["trigger"], order["kwargs"], order["seconds"]))
        logger.removeHandler(records)
        answers.write(json.dumps(answer | {"log": records.lines}) + "\n")
        answers.flush()


if __name__ == "__main__":
    _obey()
