"""Processes with an Airflow of their own: an environment for one, and one that carries out an order per line.

Apart from pytest, as Airflow changes the process that it is in; started once, as the start takes some seconds.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    """This process's environment, with an Airflow in `home` in place of any other."""
    return {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "TZ": "UTC",
    }


def oms_connection(dsn: str) -> dict[str, Any]:
    """Trueup's database as an Airflow connection."""
    oms = conninfo_to_dict(dsn)
    return {
        "conn_type": "postgres", "host": oms["host"], "port": int(oms["port"] or 5432), "schema": oms["dbname"],
        "login": oms["user"], "password": oms.get("password"),
    }  # fmt: skip


def oms_in_environment(dsn: str) -> dict[str, str]:
    """The same as a variable of the environment."""
    return {"AIRFLOW_CONN_TRUEUP_OMS": json.dumps(oms_connection(dsn))}


class OrderedProcess:
    """A Python file that calls `obey`, run in a process, as the tests see it.

    Args:
        file: The Python file.
        home: Where its Airflow is, and its log.
        more: What its environment has besides.
    """

    def __init__(self, file: str, home: Path, **more: str) -> None:
        self.log = home / "process.log"
        with self.log.open("w") as log:
            self._popen = subprocess.Popen(
                [sys.executable, file], cwd=home, env=environment(home) | more, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def tell(self, order: dict[str, Any]) -> None:
        """Give it an order; its `environment` holds for this order."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(order) + "\n")
        self._popen.stdin.flush()

    def answer(self, longest: float) -> dict[str, Any]:
        """What the oldest order came to that was not asked for yet, and its `log`; waits so many seconds for it."""
        assert self._popen.stdout is not None
        ready, _, _ = select.select([self._popen.stdout], [], [], longest)
        line = self._popen.stdout.readline() if ready else ""
        assert line, f"no answer; the end of its log:\n{self.log.read_text()[-4000:]}"
        answer: dict[str, Any] = json.loads(line)
        return answer

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


def obey(carry_out: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Carry out the orders that arrive on standard input, and answer each with what it came to and what was logged."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Airflow prints goes to the log
    logger = logging.getLogger("include.jobs")
    logger.setLevel(logging.INFO)
    for line in sys.stdin:
        order = json.loads(line)
        records = _Records()
        logger.addHandler(records)
        os.environ.update(order["environment"])
        answer = carry_out(order)
        for name in order["environment"]:
            del os.environ[name]
        logger.removeHandler(records)
        answers.write(json.dumps(answer | {"log": records.lines}) + "\n")
        answers.flush()
