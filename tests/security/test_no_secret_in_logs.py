"""No secret gets into a log, a table, a result or a file that people take away, whether all goes well or nothing does.

Every secret that Trueup is given is a canary: a text that occurs nowhere else. The project's DAGs are run by Airflow
itself, and all that is left of it is searched for them: what the processes have printed, Airflow's folder with its
database, all tables of Trueup's database, what was written to SFTP. One more text is given on purpose where it has to
come out, so that a search that finds nothing cannot pass.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest
from psycopg import sql

from include.channel.planning import planner
from include.db.connection import Connection
from include.sandbox import process
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.jobs import dag_runner
from tests.jobs.test_sync_dags import connections, message
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.webhooks import DOMAIN
from tests.world import SHOP, World

pytestmark = pytest.mark.slow

P = "50001"
ISSUED = re.compile(rb"shpat_[0-9a-f]{32}")
"""An access token that the emulator has handed out for the app's id and secret."""


def canary(prefix: str = "") -> str:
    return f"{prefix}c4n4ry{uuid.uuid4().hex}"


@dataclass
class Traces:
    """What runs have left behind, by where it was found."""

    found: dict[str, bytes] = field(default_factory=dict)

    def take_files(self, *folders: Path) -> None:
        for folder in folders:
            for file in folder.rglob("*"):
                if file.is_file():
                    self.found[str(file)] = file.read_bytes()

    def take_tables(self, connection: Connection) -> None:
        rows = connection.execute(b"SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in rows:
            texts = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(name)))
            self.found[f"table {name}"] = "\n".join(row[0] for row in texts).encode()

    def with_text(self, text: str) -> set[str]:
        return {where for where, left in self.found.items() if text.encode() in left}


@dataclass(frozen=True)
class Secrets:
    """What is searched for: each secret by its name."""

    by_name: Mapping[str, str]

    def found_in(self, traces: Traces) -> dict[str, set[str]]:
        """Where each secret was found that was found at all."""
        places = {name: traces.with_text(secret) for name, secret in self.by_name.items()}
        places["issued token"] = {where for where, left in traces.found.items() if ISSUED.search(left)}
        return {name: where for name, where in places.items() if where}


@pytest.fixture
def store(connection: Connection, world: World, emulator: Emulator, client: Client) -> Iterator[Store]:
    """A shop with one level to push. The app's secrets are put back at the end."""
    before = emulator.settings()
    store = Store(connection, world, emulator, client)
    store.open({P: 5})
    store.world.facility("PEARL")
    store.world.channel("PEARL", STORE_LOCATION, ["PEARL"], queue="PEARL")
    connection.execute(
        b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY' WHERE location_id = %s", [STORE_LOCATION]
    )
    connection.execute(b"UPDATE shopify_shop SET myshopify_domain = %s", [DOMAIN])
    emulator.edit_level(item(P), STORE_LOCATION, 3)
    emulator.settings(bulk_start_seconds=0)
    yield store
    emulator.settings(**{name: before[name] for name in ("client_secret", "tokens", "bulk_start_seconds")})


def test_what_goes_well_leaves_no_secret_behind(
    store: Store, dsn: str, emulator: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    key = sftp_server.client_key.read_text()
    given = connections(dsn, emulator, sftp_server)
    secrets = Secrets(
        {
            "client secret": canary("shpss_"),
            "webhook secret": canary(),
            "SFTP password": canary(),
            "SFTP key": key.splitlines()[2],
            "Postgres password": given["trueup_oms"]["password"],
        }
    )
    emulator.settings(client_secret=secrets.by_name["client secret"])
    given["shopify_demo"] |= {
        "login": emulator.settings()["client_id"],
        "password": secrets.by_name["client secret"],
        "extra": given["shopify_demo"]["extra"] | {"webhook_secrets": [secrets.by_name["webhook secret"]]},
    }
    given["FTP_CONFIG"]["password"] = secrets.by_name["SFTP password"]
    given["FTP_CONFIG"]["extra"] = {"private_key": key, "host_key": sftp_server.host_key}
    told = canary("reports/")
    store.move(P, -2)
    hard, uploads, from_shopify, manage, files, *webhooks = dag_runner.run(
        tmp_path,
        given,
        [
            ["hard_sync", {"reportFolder": told}],
            ["process_uploads_to_ecommerce", {}],
            ["sync_inventory_from_shopify", {}],
            ["manage_shopify_webhooks", {"action": "list"}],
            ["process_bulk_imported_files", {}],
        ],
        [message(secret=secrets.by_name["webhook secret"]), message(secret="guessed")],
    )
    assert store.shown(P) == 3
    for ran in (hard, uploads, from_shopify, manage, files):
        assert "failed" not in json.dumps([states for states, _ in ran.values()]), ran
    assert webhooks == [200, 401]
    traces = Traces({"results": json.dumps([hard, uploads, from_shopify, manage, files]).encode()})
    traces.take_files(tmp_path, sftp_server.root)
    traces.take_tables(store.connection)
    assert secrets.found_in(traces) == {}
    store.connection.execute(b"UPDATE product SET internal_name = %s", [told])
    traces.take_tables(store.connection)
    assert_found_on_purpose(traces, told, tmp_path)


def assert_found_on_purpose(traces: Traces, told: str, home: Path) -> None:
    """The search is able to find: a parameter of a run in Airflow's database and in results, a name in a table."""
    assert {str(home / "airflow.db"), "results", "table product"} <= traces.with_text(told)
    assert b"[include." in traces.found[str(home / dag_runner.LOG)], "the log of the tasks is among what is searched"


def test_what_goes_wrong_leaves_no_secret_behind(
    store: Store, dsn: str, emulator: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """Wrong tokens and secrets, nobody at the address, answers that make no sense, keys that nobody knows."""
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    broken = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{canary()}\n-----END OPENSSH PRIVATE KEY-----\n"
    nobody = process.free_port()
    given = connections(dsn, emulator, sftp_server)
    secrets = Secrets(
        {
            "wrong token": canary("shpat_"),
            "wrong client secret": canary("shpss_"),
            "token that nobody sees": canary("shpat_"),
            "good token": canary("shpat_"),
            "SFTP password": canary(),
            "unknown SFTP key": stranger.splitlines()[2],
            "broken SFTP key": broken.splitlines()[1],
            "Postgres password": given["trueup_oms"]["password"],
            "wrong Postgres password": canary(),
        }
    )
    emulator.settings(tokens=[emulator.token, secrets.by_name["good token"]])
    demo = given["shopify_demo"]
    shops = {
        "wrong_token": {"password": secrets.by_name["wrong token"]},
        "wrong_secret": {"login": "sandbox-app", "password": secrets.by_name["wrong client secret"]},
        "silent": {"host": f"http://127.0.0.1:{nobody}", "password": secrets.by_name["token that nobody sees"]},
        SHOP: {"password": secrets.by_name["good token"]},
    }
    given |= {f"shopify_{shop}": demo | wrong for shop, wrong in shops.items()}
    ftp = given["FTP_CONFIG"] | {"password": secrets.by_name["SFTP password"]}
    extra = {"host_key": sftp_server.host_key}
    given |= {
        "FTP_STRANGER": ftp | {"extra": extra | {"private_key": stranger}},
        "FTP_BROKEN": ftp | {"extra": extra | {"private_key": broken}},
        "FTP_NOBODY": ftp | {"port": nobody, "extra": extra | {"private_key": sftp_server.client_key.read_text()}},
    }
    for shop in shops.keys() - {SHOP}:
        add_shop(store.connection, shop)
    store.move(P, -2)
    store.plan()
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    planned = [planner.make(store.connection, shop).rows for shop in shops if shop != SHOP]
    assert planned == [1, 1, 1]
    emulator.fault("malformed", operation="currentAppInstallation", times=99)
    told = canary("reports/")
    report = {"dryRun": True, "reportFolder": told}
    uploads, *reports = dag_runner.run(
        tmp_path,
        given,
        [
            ["process_uploads_to_ecommerce", {}],
            *(
                ["push_updated_inventory_deltas", report | {"propertyResource": f"FTP_{each}"}]
                for each in ("STRANGER", "BROKEN", "NOBODY")
            ),
        ],
        retries=0,
    )
    assert uploads["deliver_batches"][0] in ("failed", dict.fromkeys(sorted(shops), "failed"))
    assert [ran["plan_uploads"][0] for ran in reports] == ["failed"] * 3
    log = (tmp_path / dag_runner.LOG).read_text()
    for sign in (
        "HTTP 401",
        "no connection to",
        "the answer is no JSON",
        "invalid_client",
        "FTP_STRANGER",
        "FTP_BROKEN",
    ):
        assert sign in log, f"{sign!r} was to happen"
    traces = Traces({"results": json.dumps([uploads, reports, told]).encode()})
    traces.take_files(tmp_path)
    given["trueup_oms"]["password"] = secrets.by_name["wrong Postgres password"]
    (shut_out,) = dag_runner.run(tmp_path, given, [["push_updated_inventory_deltas", report]], retries=0)
    assert "failed" in [state for state, _ in shut_out.values()]
    assert "password authentication failed" in (tmp_path / dag_runner.LOG).read_text()
    traces.take_files(tmp_path, sftp_server.root)
    traces.found["log of the first run"] = log.encode()
    traces.take_tables(store.connection)
    assert secrets.found_in(traces) == {}
    store.connection.execute(b"UPDATE product SET internal_name = %s", [told])
    traces.take_tables(store.connection)
    assert_found_on_purpose(traces, told, tmp_path)


def add_shop(connection: Connection, shop: str) -> None:
    """A shop like the first one, with a connection of its own."""
    given = {
        "shop": shop, "first": SHOP, "domain": f"{shop}.myshopify.com", "connection": f"shopify_{shop}",
        "channel": f"ONLINE-{shop}",
    }  # fmt: skip
    for statement in (
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id)"
        b" VALUES (%(shop)s, %(domain)s, %(connection)s)",
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) SELECT %(channel)s, %(shop)s, location_id, facility_group_id,"
        b" queue_facility_id FROM inventory_channel WHERE shop_id = %(first)s AND inventory_master = 'OMS'",
        b"INSERT INTO shopify_shop_product SELECT %(shop)s, product_id, inventory_item_id FROM shopify_shop_product"
        b" WHERE shop_id = %(first)s",
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position)"
        b" SELECT %(shop)s, inventory_item_id, location_id, product_id, position, position FROM inventory_level"
        b" WHERE shop_id = %(first)s AND position IS NOT NULL",
    ):
        connection.execute(statement, given)
