"""Bugs on purpose, each of a kind that real programs have had. The auditor has to object to every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest import mock

import paramiko

from include.channel.delivery import outbox
from include.channel.delivery.outbox import Sender
from include.channel.order_import import orders
from include.channel.reconciliation import observation
from include.channel.reconciliation.observation import Patience
from include.db import sql
from include.db.connection import Connection
from include.intake import remote, variance_feed
from include.intake.feeds import reset_inventory
from include.intake.variance_feed import Feed
from include.stock.atp import online_atp

Bug = Callable[[], Any]


@contextmanager
def unknown_outcome_sent_again() -> Iterator[None]:
    """A batch of which nothing was heard is sent again as it is, trusting to its key."""
    with mock.patch.object(outbox, "set_unknown", outbox.put_back):
        yield


@contextmanager
def applied_twice_on_timeout() -> Iterator[None]:
    """A batch of which nothing was heard counts as failed, and its rows are planned anew."""
    with mock.patch.object(outbox, "set_unknown", outbox.refuse):
        yield


@contextmanager
def watermark_by_clock() -> Iterator[None]:
    """Orders are read from the time of the last import on. The search hears of some only later."""
    finish = orders._finish

    def finished(connection: Connection, shop_id: str, _newest: object) -> None:
        row = connection.execute(b"SELECT now()").fetchone()
        assert row is not None
        finish(connection, shop_id, row[0])

    with ExitStack() as stack:
        for name, value in (("COMPARED", timedelta(0)), ("READ_AGAIN", timedelta(0)), ("_finish", finished)):
            stack.enter_context(mock.patch.object(orders, name, value))
        yield


@contextmanager
def floor_left_out() -> Iterator[None]:
    """A facility with less than its safety stock takes away from what the others promise."""
    floor = "greatest(0, stock.atp - coalesce(rule.minimum_stock, 0))"
    with _other_sql(online_atp, "refresh_targets", floor, "(stock.atp - coalesce(rule.minimum_stock, 0))"):
        yield


@contextmanager
def position_moved_before_confirmation() -> Iterator[None]:
    """A batch counts as applied when it is sent."""
    mark = outbox.mark_sending

    def marked(connection: Connection, sender: Sender, outbox_batch_id: int) -> str:
        variables = mark(connection, sender, outbox_batch_id)
        connection.execute(
            b"UPDATE inventory_level AS level SET position = level.position + sent.delta FROM outbox_batch_row AS sent"
            b" WHERE sent.outbox_batch_id = %s AND level.inventory_item_id = sent.inventory_item_id"
            b" AND level.location_id = sent.location_id",
            [outbox_batch_id],
        )
        return variables

    moved = "position = level.position + applied.delta"
    with (
        mock.patch.object(outbox, "mark_sending", marked),
        _other_sql(outbox, "confirm_batch", moved, "position = level.position"),
    ):
        yield


@contextmanager
def rebased_over_an_unseen_order() -> Iterator[None]:
    """What a level shows is taken for its position at once, whoever has bought meanwhile."""

    def impatient(connection: Connection, shop_id: str) -> Patience:
        return Patience(patience(connection, shop_id).seconds_to_arrive, 0.0)

    patience = observation.patience_of
    proven = "WHEN is_still AND NOT has_order AND NOT has_other_commitments THEN 'REBASED'"
    with (
        mock.patch.object(observation, "patience_of", impatient),
        _other_sql(observation, "judge_levels", proven, "WHEN TRUE THEN 'REBASED'"),
    ):
        yield


@contextmanager
def file_noted_as_uploaded_before_it_is() -> Iterator[None]:
    """Who dies between the two has told the ERP nothing, and never will."""

    def upload(connection: Connection, sftp: paramiko.SFTPClient, configured: Feed) -> list[str]:
        files = variance_feed.waiting(connection, configured)
        for file in files:
            connection.execute(
                b"UPDATE variance_file SET uploaded_at = now() WHERE variance_file_id = %s", [file.variance_file_id]
            )
            remote.write(sftp, file.remote_file_path, iter([file.content]))
        return [file.remote_file_path for file in files]

    with mock.patch.object(variance_feed, "upload", upload):
        yield


@contextmanager
def reset_over_what_the_erp_cannot_know() -> Iterator[None]:
    """A reset takes back what somebody has found, as the ERP's number does not have it."""
    with _other_sql(reset_inventory, "resolve_reset", "unknown_to_erp(%(as_of)s)", "unknown_to_erp('-infinity')"):
        yield


BUGS: tuple[Bug, ...] = (
    unknown_outcome_sent_again,
    applied_twice_on_timeout,
    watermark_by_clock,
    floor_left_out,
    position_moved_before_confirmation,
    rebased_over_an_unseen_order,
    file_noted_as_uploaded_before_it_is,
    reset_over_what_the_erp_cannot_know,
)


@contextmanager
def _other_sql(module: ModuleType, name: str, right: str, wrong: str) -> Iterator[None]:
    """Run a statement of a module in another wording."""

    def other(module_file: str, asked: str) -> bytes:
        text = sql.statement(module_file, asked)
        if asked != name:
            return text
        assert text.count(right.encode()) == 1, f"{name}.sql reads otherwise by now: correct this bug"
        return text.replace(right.encode(), wrong.encode())

    with mock.patch.object(module, "statement", other):
        yield
