"""Brings up everything on this machine: `python -m include.sandbox.demo [--smoke] [--fresh] [--state DIR]`.

Postgres, an SFTP server in NetSuite's place, the Shopify emulator and Airflow, with a demo retailer in
them. Then it tells the retailer's story and stays up until Ctrl-C or SIGTERM. All it writes is in the state
folder, `.sandbox` in the project unless told otherwise; a second run resumes there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from psycopg.conninfo import conninfo_to_dict

from include.db.migrate import MigrationRefused, migrate
from include.sandbox import airflow, airflow_settings, postgres, process, retailer, sftp, shopify, state
from include.sandbox.airflow import AirflowHome, AirflowServer
from include.sandbox.airflow_client import AirflowClient
from include.sandbox.airflow_settings import Override
from include.sandbox.process import SandboxError
from include.sandbox.restarts import Restarts
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.sandbox.shopify.settings import DEFAULT_CLIENT
from include.sandbox.story import story
from include.sandbox.world import World

PROJECT = airflow.PROJECT
SETTINGS = PROJECT / "airflow_settings.yaml"


class Stopped(BaseException):
    """The demo was asked to stop, by Ctrl-C or a signal."""


class _Progress:
    """A line per step, with seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Prints; a terminal that has gone away is no reason to fail."""
        with contextlib.suppress(OSError):
            print(text, flush=True)

    def note(self, text: str) -> None:
        """Prints a remark between the steps."""
        self.say(f"  .. {text}")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Prints the step's name and its duration when it is done."""
        began = time.monotonic()
        yield
        self.say(f"  {name:<58}{time.monotonic() - began:6.1f} s")

    def seconds(self) -> float:
        """How long it has all taken."""
        return time.monotonic() - self._began


def _databases(folder: Path) -> tuple[str, str]:
    """Starts Postgres; returns the addresses of the ledger's and of Airflow's database."""
    cluster = postgres.start(folder / "postgres", durable=True)
    cluster.create_database("airflow")
    own = postgres.database_url_override()
    if own is None:
        cluster.create_database("trueup")
    return own or cluster.dsn("trueup"), cluster.dsn("airflow")


def _migrate(dsn: str) -> None:
    try:
        migrate(dsn)
    except MigrationRefused as refusal:
        raise SandboxError(f"{refusal}. Or begin anew: make demo ARGS=--fresh") from refusal


def _airflow_home(folder: Path, dsn: str, progress: _Progress) -> AirflowHome:
    with progress.step("Airflow's metadata database"):
        home = airflow.prepare(folder / "airflow", dsn)
        airflow.migrate(home)
    return home


def _connections(dsn: str, server: SftpServer, emulator: Emulator) -> dict[str, Override]:
    """What the settings file cannot know: where this sandbox's parts are, and their secrets."""
    oms = conninfo_to_dict(dsn)
    return {
        "trueup_oms": Override(
            host=str(oms["host"]),
            port=int(oms.get("port") or 5432),
            schema=str(oms["dbname"]),
            login=str(oms["user"]),
            password=str(oms.get("password") or ""),
        ),
        "FTP_CONFIG": Override(
            host=server.host,
            port=server.port,
            login=server.user,
            extra={"key_file": str(server.client_key), "host_key": server.host_key},
        ),
        "shopify_demo": Override(
            host=emulator.url, password=emulator.token, extra={"webhook_secrets": [DEFAULT_CLIENT[1]]}
        ),
    }


@contextmanager
def running(folder: Path, progress: _Progress | None = None) -> Iterator[tuple[World, AirflowServer]]:
    """The whole sandbox for the length of a `with` block.

    Args:
        folder: The state folder, held by the caller (`state.held`).
        progress: Where to print the steps.

    Raises:
        SandboxError: A part did not come up; with what its log says.
    """
    progress = progress or _Progress()
    server: AirflowServer | None = None
    with ThreadPoolExecutor(max_workers=1) as pool, ExitStack() as stack:
        waiting: Future[AirflowHome] | None = None
        try:
            with progress.step("Postgres"):
                dsn_oms, dsn_airflow = _databases(folder)
            waiting = pool.submit(_airflow_home, folder, dsn_airflow, progress)
            with progress.step("Trueup's database"):
                _migrate(dsn_oms)
            with progress.step("SFTP server"):
                files = sftp.start(folder / "sftp" / "files", folder / "sftp" / "keys")
            with progress.step("Shopify emulator"):
                token = state.secret(folder / "shopify-token", "shpat_")
                emulator = stack.enter_context(shopify.running(folder / "shopify", token=token))
            with progress.step("Demo retailer"):
                retailer.seed(dsn_oms, emulator, files.root)
            home = waiting.result()
            overrides = _connections(dsn_oms, files, emulator)

            def configure(client: AirflowClient) -> None:
                airflow_settings.load(client, SETTINGS, overrides)

            with progress.step("Airflow: api-server, scheduler, dag-processor, triggerer"):
                server = airflow.start(home, configure=configure, progress=progress.note)
            yield World(dsn_oms, dsn_airflow, files, files.root, emulator, server.client, folder), server
        finally:
            _take_down(server, waiting, progress)


def _take_down(server: AirflowServer | None, waiting: Future[AirflowHome] | None, progress: _Progress) -> None:
    """Stops everything in order: Airflow (scheduler first), emulator, SFTP server, Postgres."""
    killed = server.stop() if server is not None else []
    killed += process.stop_all()
    if waiting is not None:
        with contextlib.suppress(BaseException):
            waiting.result()
        killed += process.stop_all()
    if killed:
        progress.note(f"had to be killed: {', '.join(killed)}")


def _introduce(world: World, home: AirflowHome) -> str:
    """What a visitor needs to know."""
    keys = world.sftp.client_key.parent
    known = keys / "known_hosts"
    process.write_atomically(known, f"[{world.sftp.host}]:{world.sftp.port} {world.sftp.host_key}\n")
    return f"""
Airflow          {home.url}
  log in as      admin, password {home.passwords["admin"]}
  or as          ops, viewer (their passwords: {home.folder / "passwords.json"})
Shopify emulator {world.emulator.url}
Database         {world.dsn_oms}
A file of yours  copy it to a folder below {world.sftp_root}, or
                 sftp -i {world.sftp.client_key} -o UserKnownHostsFile={known} \\
                      -P {world.sftp.port} {world.sftp.user}@{world.sftp.host}
Logs             {home.folder / "logs"}

Ctrl-C ends it; `make demo` resumes, `make demo ARGS=--fresh` starts anew.
"""


def _stay(server: AirflowServer, progress: _Progress) -> int:
    """Keeps Airflow and Postgres up until a signal comes; gives up if a part keeps ending, or one that is not kept."""
    restarts = Restarts([*process.named("postgres"), *server.children], progress.note)
    while True:
        time.sleep(1.0)
        ended = restarts.look()
        if ended is not None:
            progress.say(
                f"{ended.target.name} has ended by itself (exit status {ended.exit_code}); stopping the "
                "rest. The end of "
                f"its log, {ended.log}:\n{ended.log_tail()}"
            )
            return 1


def _stop_on_signals() -> None:
    """Turns the first signal into `Stopped`; later ones do not disturb the stopping."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def run(folder: Path, *, smoke: bool, progress: _Progress) -> int:
    """The demo from start to end.

    Args:
        folder: The state folder.
        smoke: Tell the story and end, rather than stay up.
        progress: Where to print.

    Returns:
        The exit status: with `smoke` whether the story went as it should.

    Raises:
        SandboxError: A part did not come up, or another demo runs there.
    """
    with state.held(folder) as left:
        if left:
            progress.note(f"ended what an earlier run had left: {', '.join(left)}")
        try:
            with running(folder, progress) as (world, server):
                progress.say(f"Up after {progress.seconds():.1f} s.")
                if not smoke:
                    progress.say(_introduce(world, server.home))
                good = story(world)
                status = (0 if good else 1) if smoke else _stay(server, progress)
                progress.say("Stopping ...")
        except Stopped as asked:
            progress.say(f"Stopped ({asked}).")
            status = 1 if smoke else 0
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.demo", description="Trueup, local.")
    parser.add_argument("--smoke", action="store_true", help="tell the story and end; status 0 if all went well")
    parser.add_argument("--fresh", action="store_true", help="remove the state first")
    parser.add_argument("--remove", action="store_true", help="remove the state and end")
    parser.add_argument("--state", type=Path, default=PROJECT / ".sandbox", help="the state folder (.sandbox)")
    options = parser.parse_args(arguments)
    folder = options.state.absolute()
    # Should anything import Airflow in this process, it stays in the folder too.
    os.environ["AIRFLOW_HOME"] = str(folder / "airflow")
    _stop_on_signals()
    try:
        if options.fresh or options.remove:
            state.remove(folder)
        return 0 if options.remove else run(folder, smoke=options.smoke, progress=_Progress())
    except SandboxError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 0


if __name__ == "__main__":
    sys.exit(main())
