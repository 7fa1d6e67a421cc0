"""SQL in every text that comes from outside: it is kept or refused as text, and nothing of it is run."""

import ast
import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import paramiko
import pytest

from include.channel.from_shopify import inbox
from include.channel.planning import planner, scope
from include.channel.planning.scope import Scope
from include.db.connection import Connection
from include.errors import NeedsAction
from include.intake import data_manager, variance_feed
from include.intake.feeds import SERVICES
from include.shopify.webhooks import Webhook
from include.stock import identify, ledger, variances
from include.stock.atp_rules import evaluation, rules_file
from include.stock.inbound import restocks, shipments
from include.stock.variances import Finding
from tests.intake.drop import Drop, stores
from tests.world import ONLINE, SHOP, World

ROOT = Path(__file__).parents[2]

HACKS = [
    "'); CREATE TABLE hacked (); --",
    "'; CREATE TABLE hacked (); --",
    '"; CREATE TABLE hacked (); --',
    "\\'; CREATE TABLE hacked (); --",
    "$$; CREATE TABLE hacked (); $$",
    "1); CREATE TABLE hacked (); --",
    "x' OR '1'='1",
    "%s %(product_id)s %%",
    "{0} {product_id}",
    "\\.",
    "\\N",
]

USUAL = {
    "external_facility_id": "43", "facility_id": "BROADWAY", "id_value": "521", "id_type": "NETSUITE_PRODUCT_ID",
    "product_id": "10001", "quantity": "5", "sku": "SKU-10001", "product_sku": "SKU-10001",
    "named_facility": "BROADWAY",
    "product_id_to": "10002", "schedule_time": "2027-01-01 10:00", "destination_facility_id": "43",
    "origin_facility_id": "44", "external_shipment_id": "S-1", "quantity_accepted": "1", "allow_brokering": "Y",
}  # fmt: skip
"""A decent value for some staging columns; the others are empty in a decent row."""


def calls_with_other_than_constants(file: Path) -> Iterator[str]:
    """Places where a statement is put together out of text."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if node.func.attr in ("execute", "executemany", "copy", "stream"):
            for part in ast.walk(node.args[0]):
                text = isinstance(part, ast.JoinedStr) or (
                    isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Mod)
                )
                if text:
                    yield f"{file.relative_to(ROOT)}:{node.lineno}"
        if node.func.attr == "SQL" and not isinstance(node.args[0], ast.Constant):
            yield f"{file.relative_to(ROOT)}:{node.lineno}"


def test_no_statement_is_put_together_out_of_text() -> None:
    files = [file for file in (ROOT / "include").rglob("*.py") if "sandbox" not in file.parts]
    assert len(files) > 100
    assert [place for file in files for place in calls_with_other_than_constants(file)] == []


def test_the_search_for_such_statements_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.security.test_sql.ROOT", tmp_path)
    for number, line in enumerate(
        [
            'c.execute(f"SELECT {x}")',
            'c.execute(f"SELECT {x}".encode())',
            'c.execute("SELECT %s" % x)',
            'c.execute("SELECT " + x)',
            'c.copy(b"COPY " + x)',
            "sql.SQL(x)",
        ]
    ):
        file = tmp_path / f"{number}.py"
        file.write_text(line)
        assert list(calls_with_other_than_constants(file)) == [f"{number}.py:1"], line


@pytest.fixture
def retailer(connection: Connection, world: World) -> Iterator[World]:
    stores(world)
    world.shop()
    world.channel("ONLINE", ONLINE, ["BROADWAY"], queue="_NA_")
    tables = connection.execute(b"SELECT count(*) FROM pg_tables").fetchone()
    yield world
    assert connection.execute(b"SELECT to_regclass('hacked')").fetchone() == (None,)
    assert connection.execute(b"SELECT count(*) FROM pg_tables").fetchone() == tables
    assert ledger.out_of_balance(connection) == []


def names_of(columns: dict[str, str]) -> dict[str, str]:
    """The first name of each staging column."""
    return {column: name for name, column in reversed(list(columns.items()))}


def hostile_csv(columns: dict[str, str], hack: str) -> tuple[str, int]:
    """A row for each column in which only that column is hostile, and one in which all are; and how many they are."""
    text = io.StringIO()
    writer = csv.writer(text)
    names = names_of(columns)
    writer.writerow([*names.values(), hack])
    for hostile in [*names, None]:
        writer.writerow([hack if hostile in (column, None) else USUAL.get(column, "") for column in names] + [hack])
    return text.getvalue(), len(names) + 1


def test_every_text_field_of_every_csv_feed(
    retailer: World, connection: Connection, sftp_client: paramiko.SFTPClient
) -> None:
    feeds = [each for each in data_manager.configs(connection) if each.import_service_name in SERVICES]
    assert {each.import_service_name for each in feeds} == set(SERVICES)
    for feed in feeds:
        drop = Drop(connection, sftp_client, feed.config_id)
        layout = SERVICES[feed.import_service_name].csv.LAYOUT
        for number, hack in enumerate(HACKS):
            content, rows = hostile_csv(dict(layout.columns), hack)
            name = f"{number}-{hack}.csv".replace("/", "").replace("\\", "")
            outcome = drop(content, name)
            where = f"{feed.config_id} {hack}"
            assert outcome.status_id in ("FINISHED", "FINISHED_WITH_ERRORS"), f"{where}: {outcome}"
            assert outcome.counts is not None
            assert outcome.counts.total == rows, where
            kept = connection.execute(
                b"SELECT staged_row FROM data_manager_reject WHERE data_manager_log_id = %s",
                [outcome.data_manager_log_id],
            ).fetchall()
            assert outcome.counts.failed == len(kept) > 0, where
            texts = {text for (row,) in kept for text in row.values()}
            assert any(hack in text for text in texts), f"{where}: what was refused is kept as it came"


def test_every_text_field_of_the_json_feed(
    retailer: World, connection: Connection, sftp_client: paramiko.SFTPClient
) -> None:
    drop = Drop(connection, sftp_client, "IMP_ITM_RECEIPT")
    item = {
        "orderItemSeqId": "00001", "externalFacilityId": "43", "shippedDate": "7/14/2025 10:32 am", "quantity": "1",
        "trackingNumber": "1Z",
    }  # fmt: skip
    for number, hack in enumerate(HACKS):
        orders = [{"orderMap": {"orderId": hack, "items": [item], hack: hack}}]
        orders += [{"orderMap": {"orderId": "1", "items": [item | {name: hack}]}} for name in [*item, hack]]
        outcome = drop(json.dumps(orders), f"{number}.json")
        assert outcome.status_id in ("FINISHED", "FINISHED_WITH_ERRORS"), f"{hack}: {outcome}"


def forms(connection: Connection) -> list[Callable[[str], object]]:
    """What the texts of the trigger forms come to, and what else names something in the database."""
    now = datetime.now(UTC)

    def found(hack: str, **changes: Any) -> object:
        decent: dict[str, Any] = {
            "product": "10001", "facility": "BROADWAY", "reason": "VAR_MANUAL", "quantity": Decimal(1),
        }  # fmt: skip
        return variances.record(connection, f"{hack} {changes}", Finding(**(decent | changes)), now)

    def rules(hack: str) -> object:
        rule = {"id": hack, "set": 1, "when": {"tags": {"any": [hack]}}}
        text = json.dumps({"rule_groups": [{"id": hack, "type": "safety_stock", "rules": [rule]}]})
        return evaluation.preview(connection, rules_file.parse(text, hack), hack, hack)

    return [
        lambda hack: found(hack, product=hack),
        lambda hack: found(hack, facility=hack),
        lambda hack: found(hack, reason=hack),
        lambda hack: found(hack, comment=hack, found_by=hack),
        rules,
        lambda hack: scope.check(connection, Scope(hack, hack, (hack,))),
        lambda hack: scope.locations(connection, hack, Scope(hack, hack, (hack,))),
        lambda hack: planner.make(connection, hack, [hack]),
        lambda hack: data_manager.config(connection, hack),
        lambda hack: variance_feed.feed(connection, hack),
        lambda hack: identify.shop(connection, hack),
        lambda hack: identify.location(connection, SHOP, hack),
        lambda hack: restocks.read(connection, hack),
        lambda hack: restocks.rename(connection, hack, hack),
        lambda hack: shipments.identified(connection, hack),
        lambda hack: inbox.shop_of(connection, hack),
        lambda hack: inbox.keep(connection, SHOP, Webhook(hack, hack, hack, hack, None, hack, hack, 1)),
        lambda hack: inbox.work_off(connection, SHOP),
    ]


def test_every_text_of_every_form(retailer: World, connection: Connection) -> None:
    for hack in HACKS:
        for form in forms(connection):
            with suppress(NeedsAction, LookupError):
                form(hack)
    comments = connection.execute(b"SELECT DISTINCT general_comments FROM physical_inventory").fetchall()
    assert {text for (text,) in comments} >= set(HACKS)
