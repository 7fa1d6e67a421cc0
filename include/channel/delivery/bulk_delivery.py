"""The second way to Shopify: batches as the lines of a file, carried out by a bulk operation.

The same batches, keys and states as by direct calls. Written down before each step, so that any step can be the last:
a file without an operation is started again only once it is sure that it was not; a line without a result has an
unknown outcome and is settled by observing.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from include.channel.delivery import outbox, preflight, stale
from include.channel.delivery.outbox import Fenced, Sender
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify import bulk_mutation, inventory
from include.shopify.bulk_mutation import Ended, NoRoom, Result, UploadFailed
from include.shopify.bulk_query import ResultsGone
from include.shopify.client import Client, Document, document
from include.shopify.errors import NotSent, OutcomeUnknown, RequestRefused, Throttled

logger = logging.getLogger(__name__)

MOST_UPLOADS = 3
"""How often a file is uploaded because targets have fallen meanwhile, before its batches go on by direct calls."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that is not done yet."""

    outbox_file_id: int
    status_id: str
    operation_id: str | None
    mark: str
    can_still_arrive: bool

    @property
    def name(self) -> str:
        """By which its operation is found again. Numbers come again in a database from a backup; marks do not."""
        return f"TrueupFile{self.outbox_file_id}_{self.mark}"


def start_files(connection: Connection, shop_id: str, client: Client) -> dict[str, int]:
    """Put the planned batches into files and start an operation for each, as many as may run.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.

    Returns:
        How many were started, are running in all, and wait for room.

    Raises:
        NotReady: The app or the shop is not set up for writing.
        ShopifyError: Nothing more can be started for now.
    """
    sender = outbox.take_over(connection, shop_id)
    _recover(connection, shop_id, client)
    if planned := outbox.planned(connection, shop_id, "BULK"):
        places = preflight.check(connection, shop_id, client)
        checked = preflight.check_batches(connection, shop_id, client, places, planned)
        logger.info("shop %s: %s rows put into quarantine", shop_id, sum(part.quarantined for part in checked))
        outbox.end_overtaken(connection, shop_id, "BULK")
        connection.execute(
            statement(__file__, "build_files"), {"shop_id": shop_id, "most_bytes": bulk_mutation.LARGEST_FILE}
        )
    built = [file for file in _files(connection, shop_id) if file.status_id == "BUILT"]
    under_way, started = _under_way(connection, shop_id), 0
    for file in built:
        if under_way + started >= bulk_mutation.MOST_AT_A_TIME:
            break
        try:
            started += _start(connection, sender, client, file)
        except NoRoom:
            break
    waiting = [file for file in _files(connection, shop_id) if file.status_id == "BUILT"]
    return {"started": started, "running": _under_way(connection, shop_id), "waiting": len(waiting)}


def is_needed(connection: Connection, shop_id: str) -> bool:
    """Whether a shop has batches that go by file, or files that are not done."""
    return bool(outbox.planned(connection, shop_id, "BULK")) or bool(_files(connection, shop_id))


def running(connection: Connection, shop_id: str) -> list[str]:
    """The operations that a shop waits for."""
    return [file.operation_id for file in _files(connection, shop_id) if file.operation_id]


def collect(connection: Connection, shop_id: str, client: Client) -> dict[str, int]:
    """Write down what became of the lines of all operations that have ended.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.

    Returns:
        The count of outcomes. Batches without a result, or whose result cannot be read, have an unknown one.

    Raises:
        ShopifyError: Shopify could not be asked, or the download broke off; collecting again goes on from there.
    """
    counts: Counter[str] = Counter()
    for file in _files(connection, shop_id):
        if file.operation_id is None:
            continue
        ended = bulk_mutation.ended(client, file.operation_id)
        if ended is None:
            continue
        lines = _open_lines(connection, file)
        for result in _results(client, file, ended):
            if result is None:
                counts["unreadable"] += 1
            elif (batch := lines.pop(result.line_number, None)) is not None:
                counts[_settle_line(connection, shop_id, client, batch, result)] += 1
        for batch in lines.values():
            outbox.set_unknown(connection, batch, f"no result in {file.operation_id}, which ended as {ended.status}")
            counts["unknown"] += 1
        _note(connection, file, "DONE", ended.status)
        logger.info("shop %s: file %s ended as %s: %s", shop_id, file.outbox_file_id, ended.status, dict(counts))
    return dict(counts)


def _start(connection: Connection, sender: Sender, client: Client, file: File) -> bool:
    """Upload a file and start its operation.

    An upload takes as long as it takes, and what lies at Shopify cannot be changed any more: so the targets are looked
    at once more after it.

    Returns:
        Whether it was asked for; not if nothing is left of the file.

    Raises:
        NoRoom: As many as may run are running.
    """
    for _ in range(MOST_UPLOADS):
        path = _upload(connection, client, file)
        if path is None:
            _note(connection, file, "DONE", "none of its batches is planned any more")
            return False
        client.limiter.take(document("BulkRunMutation").cost)
        request = client.leaving_soon(document("BulkRunMutation"))
        if _mark_starting(connection, sender, file):
            return _ask_for(connection, client, file, path, request)
        client.limiter.give_back(request.cost)
        ended = outbox.end_overtaken(connection, sender.shop_id, "BULK")
        logger.info("file %s: %s batches were overtaken while it was uploaded", file.outbox_file_id, ended)
    _go_directly(connection, file)
    return False


def _upload(connection: Connection, client: Client, file: File) -> str | None:
    """Upload what is left of a file; None if that is nothing."""
    with tempfile.TemporaryFile() as content:
        if not _write_lines(connection, file, content):
            return None
        content.seek(0)
        return bulk_mutation.upload(client, f"{file.name}.jsonl", content)


def _go_directly(connection: Connection, file: File) -> None:
    """Let the batches of a file go on by direct calls, of which each is tested as it leaves."""
    message = f"overtaken during each of {MOST_UPLOADS} uploads: its batches go on by direct calls"
    logger.warning("file %s: %s", file.outbox_file_id, message)
    parameters = {"outbox_file_id": file.outbox_file_id, "message": message}
    connection.execute(statement(__file__, "send_directly"), parameters)


def _ask_for(connection: Connection, client: Client, file: File, path: str, request: Document) -> bool:
    """Ask for the operation of a file that is marked as starting; whether it was, or may have been, started."""
    try:
        operation_id = bulk_mutation.start(client, file.name, path, request)
    except (NoRoom, UploadFailed, NotSent, RequestRefused, Throttled) as refusal:
        _put_back(connection, file, str(refusal))
        raise
    except OutcomeUnknown as silence:
        logger.warning("file %s: whether it was started will be found out: %s", file.outbox_file_id, silence)
        return True
    _note_running(connection, file, operation_id)
    return True


def _recover(connection: Connection, shop_id: str, client: Client) -> None:
    """Find the operations of files whose start got no answer; what can no longer arrive was not started."""
    for file in [file for file in _files(connection, shop_id) if file.status_id == "STARTING"]:
        operation_id = bulk_mutation.find(client, file.name)
        if operation_id is not None:
            logger.info("file %s: found again as %s", file.outbox_file_id, operation_id)
            _note_running(connection, file, operation_id)
        elif not file.can_still_arrive:
            _put_back(connection, file, "its operation was never started")


def _settle_line(connection: Connection, shop_id: str, client: Client, batch: int, result: Result) -> str:
    """Write down what became of one line; returns it in a word."""
    try:
        if result.is_refused:
            raise RequestRefused(result.errors)
        if result.data is None:
            raise OutcomeUnknown(result.errors)
        outcome = outbox.about_known_rows(connection, batch, inventory.read_outcome(result.data))
    except OutcomeUnknown as silence:
        outbox.set_unknown(connection, batch, str(silence))
        return "unknown"
    except RequestRefused as refusal:
        outbox.refuse(connection, batch, str(refusal))
        return "refused"
    match outcome:
        case inventory.Adjusted():
            outbox.confirm(connection, batch)
            return "confirmed"
        case inventory.Stale():
            stale.replace(connection, shop_id, client, batch)
            return "stale"
        case inventory.RowsRefused(reasons):
            outbox.replace_refused(connection, shop_id, batch, "some rows are wrong in themselves", reasons)
        case inventory.SomeRowRefused(reason):
            outbox.bisect_refused(connection, shop_id, batch, reason)
        case inventory.BatchRefused(reason):
            outbox.refuse(connection, batch, reason)
    return "refused"


def _files(connection: Connection, shop_id: str) -> list[File]:
    return [File(*row) for row in connection.execute(statement(__file__, "select_files"), {"shop_id": shop_id})]


def _under_way(connection: Connection, shop_id: str) -> int:
    """How many files of a shop are with Shopify, or may be."""
    return sum(file.status_id != "BUILT" for file in _files(connection, shop_id))


def _write_lines(connection: Connection, file: File, content: IO[bytes]) -> int:
    """Write the frozen variables of those of a file's batches that are still planned, each on one line.

    Returns:
        How many lines it has.
    """
    connection.execute(statement(__file__, "number_lines"), {"outbox_file_id": file.outbox_file_id})
    lines = 0
    with connection.cursor() as cursor:
        # Row by row, as they come from the database: a file has up to 100 MB.
        for row in cursor.stream(statement(__file__, "select_lines"), {"outbox_file_id": file.outbox_file_id}):
            # Line ends between the tokens; within texts JSON escapes them.
            content.write(row[0].replace("\n", "").encode() + b"\n")
            lines += 1
    return lines


def _results(client: Client, file: File, ended: Ended) -> Iterator[Result | None]:
    """The results of an operation that has ended; none if they are not to be had any more."""
    if ended.url is None:
        return
    try:
        yield from bulk_mutation.results(client, ended.url)
    except ResultsGone as gone:
        logger.warning("file %s: %s; what became of its lines is found out by looking", file.outbox_file_id, gone)


def _open_lines(connection: Connection, file: File) -> dict[int, int]:
    """The batches of a file of which it is not known yet what became of them, by line number."""
    rows = connection.execute(
        b"SELECT line_number, outbox_batch_id FROM outbox_batch WHERE outbox_file_id = %s AND status_id = 'SENDING'",
        [file.outbox_file_id],
    )
    return {row[0]: row[1] for row in rows}


def _mark_starting(connection: Connection, sender: Sender, file: File) -> bool:
    """Note that an operation is about to be asked for; False if one of its rows was overtaken.

    Raises:
        Fenced: Another sender has taken the shop.
    """
    row = connection.execute(
        statement(__file__, "mark_starting"),
        {"outbox_file_id": file.outbox_file_id, "sender_epoch": sender.sender_epoch},
    ).fetchone()
    if row is None:
        raise Fenced(
            f"file {file.outbox_file_id} of shop {sender.shop_id}: another sender has taken over; this one stops"
        )
    is_overtaken: bool = row[0]
    return not is_overtaken


def _put_back(connection: Connection, file: File, message: str) -> None:
    connection.execute(
        statement(__file__, "put_back_file"), {"outbox_file_id": file.outbox_file_id, "message": message}
    )


def _note_running(connection: Connection, file: File, operation_id: str) -> None:
    connection.execute(
        b"UPDATE outbox_file SET status_id = 'RUNNING', operation_id = %s"
        b" WHERE outbox_file_id = %s AND status_id = 'STARTING'",
        [operation_id, file.outbox_file_id],
    )


def _note(connection: Connection, file: File, status_id: str, message: str) -> None:
    connection.execute(
        b"UPDATE outbox_file SET status_id = %s, message = %s, finished_at = now() WHERE outbox_file_id = %s",
        [status_id, message, file.outbox_file_id],
    )
