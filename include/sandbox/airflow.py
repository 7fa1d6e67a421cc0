"""Airflow's four processes on this machine: api-server, dag-processor, triggerer, scheduler.

Not `airflow standalone`: ended by a signal, it leaves its children behind. The order of stopping matters: the
scheduler's workers retry against a vanished api-server and may hang, so the scheduler goes first.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from include.sandbox import process, readiness
from include.sandbox.airflow_client import AirflowClient
from include.sandbox.process import Child, SandboxError

PROJECT = Path(__file__).resolve().parents[2]
USERS = {"admin": "admin", "ops": "op", "viewer": "viewer"}
"""Login name to role of Airflow's simple auth manager."""

_DROPPED = re.compile(r"^(AIRFLOW|PYTHON|PG|VIRTUAL_ENV|DATABASE_URL|(https?|all|no)_proxy$)", re.IGNORECASE)
_LONGEST_TMP = 60  # multiprocessing puts sockets there; the whole path may have 107 bytes


@dataclass(frozen=True)
class AirflowHome:
    """Airflow's folder and secrets, made once per state folder.

    Attributes:
        folder: AIRFLOW_HOME: configuration, logs, secrets.
        port: The api-server's port on 127.0.0.1.
        log_ports: Ports that Airflow believes its log servers to have; nothing listens there.
        passwords: Login name to password.
        database: The metadata database's URL (postgresql://...).
        env: The whole environment of the Airflow processes.
    """

    folder: Path
    port: int
    log_ports: tuple[int, int]
    passwords: Mapping[str, str] = field(repr=False)
    database: str = field(repr=False)
    env: Mapping[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        """The address of the user interface and the API."""
        return f"http://{process.HOST}:{self.port}"


@dataclass(frozen=True)
class AirflowServer:
    """Running Airflow.

    Attributes:
        home: Folder, ports, passwords.
        client: The REST API, logged in as `admin`.
        children: The four processes, in the order of their start.
    """

    home: AirflowHome
    client: AirflowClient
    children: tuple[Child, ...]

    def stop(self) -> list[str]:
        """Stops the scheduler, then the others (about 5 s in all); names those that had to be killed.

        The triggerer sometimes takes 10 s more: it waits that long for a child that has gone already. It is left the
        time, because a killed triggerer's triggers are taken up again only half a minute after the next start.
        """
        self.client.close()
        api_server, triggerer, scheduler, dag_processor = self.children
        quiet = process.stop_together([scheduler])  # while the API still answers its workers
        quiet |= process.stop_together([triggerer, dag_processor, api_server])
        return [name for name, clean in quiet.items() if not clean]


def prepare(folder: Path, database: str) -> AirflowHome:
    """Makes AIRFLOW_HOME with its secrets, or takes up the one made earlier, and chooses free ports.

    Args:
        folder: AIRFLOW_HOME.
        database: The metadata database's URL (postgresql://...); it must exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    kept = _secrets(folder / "secrets.json")
    passwords = {name: kept[f"password of {name}"] for name in USERS}
    process.write_atomically(folder / "passwords.json", json.dumps(passwords))
    port = process.free_port(process.remembered_port(folder / "port"))
    process.write_atomically(folder / "port", str(port))
    log_ports = (process.free_port(), process.free_port())
    env = _environment(folder, port, log_ports, database, kept)
    return AirflowHome(folder, port, log_ports, passwords, database, env)


def _secrets(file: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    fresh = {
        "fernet key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt secret": secrets.token_urlsafe(64),
        "session key": secrets.token_urlsafe(48),
        **{f"password of {name}": secrets.token_urlsafe(9) for name in USERS},
    }
    if fresh.keys() - kept.keys():
        kept = {**fresh, **kept}
        process.write_atomically(file, json.dumps(kept, indent=1))
    return kept


def _environment(
    folder: Path, port: int, log_ports: tuple[int, int], database: str, kept: Mapping[str, str]
) -> dict[str, str]:
    """The caller's environment without what would change Airflow's ways, plus all that the demo sets."""
    env = {key: value for key, value in os.environ.items() if not _DROPPED.match(key)}
    home, scratch = folder / "home", folder / "tmp"
    for made in (home, scratch):
        made.mkdir(exist_ok=True)
    url = f"http://{process.HOST}:{port}"
    airflow = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__PARALLELISM": "8",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__FERNET_KEY": kept["fernet key"],
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # the default asks the name service
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "DATABASE__SQL_ALCHEMY_CONN": re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", database),
        "API__HOST": process.HOST,
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "API__SECRET_KEY": kept["session key"],
        "API__INSTANCE_NAME": "Trueup",
        "API__DEFAULT_WRAP": "True",  # what went wrong, and what to do, is one long line of a failed task's log
        "API_AUTH__JWT_SECRET": kept["jwt secret"],
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # A part that was killed is up again in seconds. What ran in it is noticed in half a minute, not in five, and
        # tasks outlast an api-server that is away for so long.
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "WORKERS__MAX_FAILED_HEARTBEATS": "30",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # up to so many seconds are lost where a task ends as skipped
        "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        # Airflow has no setting for the address of its log servers (they listen on all interfaces), so they
        # are
        # not started. The api-server reads the same log files from disk; only for a running task does it also
        # ask these ports, and notes that nobody answers.
        "LOGGING__WORKER_LOG_SERVER_PORT": str(log_ports[0]),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(log_ports[1]),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    env |= {f"AIRFLOW__{key}": value for key, value in airflow.items()}
    env |= {
        "AIRFLOW_HOME": str(folder),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "NO_PROXY": f"{process.HOST},localhost",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }
    if len(os.fsencode(scratch)) <= _LONGEST_TMP:
        env["TMPDIR"] = str(scratch)
    return env


def migrate(home: AirflowHome) -> bool:
    """Brings the metadata database to this Airflow's version (about 4 s the first time).

    Returns:
        False if it was at that version already.

    Raises:
        SandboxError: `airflow db migrate` failed; with the end of its log.
    """
    stamp, version = home.folder / "migrated", importlib.metadata.version("apache-airflow-core")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == version and _has_tables(home.database):
        return False
    child = _start(home, "db", "migrate")
    try:
        readiness.wait_until("airflow db migrate", lambda: child.exit_code is not None, wait_s=180)
        if child.exit_code:
            raise SandboxError(
                f"airflow db migrate failed (exit status {child.exit_code}). The end of its log, "
                f"{child.log}:\n"
                f"{child.log_tail(30)}"
            )
    finally:
        child.stop()
    process.write_atomically(stamp, version)
    return True


def _has_tables(database: str) -> bool:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    return row is not None and row[0] is not None


def _start(home: AirflowHome, name: str, *options: str) -> Child:
    return process.start(
        f"airflow {name}",
        [sys.executable, "-m", "airflow", name, *options],
        log=home.folder / "logs" / f"{name}.log",
        env=home.env,
        cwd=PROJECT,
        grace_s=20.0,
    )


def start(
    home: AirflowHome,
    *,
    configure: Callable[[AirflowClient], object] | None = None,
    wait_s: float = 120.0,
    progress: Callable[[str], None] | None = None,
) -> AirflowServer:
    """Starts the four processes and waits until all report healthy (about 10 s on two cores).

    Args:
        home: From `prepare`, migrated.
        configure: Called when the API answers and no DAG can run yet: the place to load connections and
            pools.
        wait_s: How long to wait at most for each of the two halves, in seconds.
        progress: Told now and then what is waited for.

    Raises:
        SandboxError: One ended, or they did not become healthy in time; with the ends of their logs.
    """
    children: list[Child] = []
    client = AirflowClient(home.url, "admin", home.passwords["admin"])

    def wait(what: str, check: Callable[[], bool]) -> None:
        readiness.wait_until(what, check, children=children, wait_s=wait_s, every_s=0.1, progress=progress)

    try:
        children.append(_start(home, "api-server"))
        children.append(_start(home, "triggerer", "--skip-serve-logs"))
        wait("Airflow's API", client.answers)
        if configure is not None:
            configure(client)
        client.warm_up()
        # Only now: a resumed Airflow has tasks to run at once, and each that waits too long for the API's first answer
        # fails and holds up its DAG for minutes. A new one comes to know its DAGs now: none runs without connections.
        children.append(_start(home, "scheduler", "--skip-serve-logs"))
        children.append(_start(home, "dag-processor"))
        wait("Airflow to be healthy", lambda: not client.unhealthy())
    except BaseException:
        client.close()
        for child in reversed(children):
            child.stop()
        raise
    return AirflowServer(home, client, tuple(children))
