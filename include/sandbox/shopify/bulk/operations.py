"""Starting and cancelling bulk operations."""

from __future__ import annotations

from dataclasses import dataclass

from include.sandbox.shopify.bulk import validation
from include.sandbox.shopify.bulk.files import Files
from include.sandbox.shopify.bulk.records import UNFINISHED, BulkOperation, Kind
from include.sandbox.shopify.context import Context
from include.sandbox.shopify.inventory.errors import UserError
from include.sandbox.shopify.store import Store

MOST_AT_A_TIME = 5
"""Of each type, per app and shop (documented since 2026-01)."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What starting or cancelling answers."""

    operation: BulkOperation | None = None
    errors: tuple[UserError, ...] = ()


def run_mutation(context: Context, mutation: str, path: str, identifier: str | None) -> Payload:
    """Start a mutation over an uploaded file.

    A missing file comes before an operation in progress (recorded on 2026-04); that the document comes first is
    inferred.
    """
    store = context.store
    if context.user_error:
        return Payload(errors=(UserError(None, context.user_error),))
    errors = validation.mutation_errors(context.version, mutation, identifier)
    errors = errors or _file_errors(context, path) or _progress_errors(store, "MUTATION")
    if errors:
        return Payload(errors=tuple(errors))
    operation = BulkOperation(
        store.new_id("BulkOperation"),
        "MUTATION",
        mutation,
        store.now(),
        list(context.scopes),
        context.version,
        upload=path,
        etag=store.uploads[path].etag,
        client_identifier=identifier,
    )
    return _begin(store, operation)


def run_query(context: Context, query: str, *, grouped: bool) -> Payload:
    """Start an export."""
    store = context.store
    if context.user_error:
        return Payload(errors=(UserError(None, context.user_error),))
    errors = validation.query_errors(context.version, query) or _progress_errors(store, "QUERY")
    if errors:
        return Payload(errors=tuple(errors))
    operation = BulkOperation(
        store.new_id("BulkOperation"), "QUERY", query, store.now(), list(context.scopes), context.version
    )
    operation.grouped = grouped
    return _begin(store, operation)


def cancel(store: Store, operation_id: str) -> Payload:
    """Ask an operation to stop; what it has done stays done. Messages recorded."""
    operation = store.bulk.get(operation_id)
    if operation is None:
        return Payload(errors=(UserError(("id",), None, "Bulk operation does not exist"),))
    if operation.status not in UNFINISHED:
        state = operation.status_at(store.now()).lower()
        text = f"A bulk operation cannot be canceled when it is {state}"
        return Payload(operation, (UserError(None, None, text),))
    operation.status = "CANCELING"
    store.dirty = True
    store.clock.wake()
    return Payload(operation)


def _begin(store: Store, operation: BulkOperation) -> Payload:
    store.bulk[operation.id] = operation
    store.dirty = True
    store.clock.wake()
    return Payload(operation)


def _file_errors(context: Context, path: str) -> list[UserError]:
    upload = context.store.uploads.get(path)
    if upload is None or upload.etag is None or not context.files.upload(path).exists():
        text = "The JSONL file could not be found. Try uploading the file again, and check that you've entered the "
        return [UserError(None, "NO_SUCH_FILE", f"{text}URL correctly for the stagedUploadPath mutation argument.")]
    if upload.size > context.settings.upload_limit:
        text = f"The input file size exceeds the maximum allowed size of {_megabytes(context.settings.upload_limit)}."
        return [UserError(None, "INVALID_STAGED_UPLOAD_FILE", text)]
    if _is_empty(context.files, path):
        return [UserError(None, "INVALID_STAGED_UPLOAD_FILE", "The input file is empty.")]
    return []


def _is_empty(files: Files, path: str) -> bool:
    with files.upload(path).open("rb") as opened:
        while piece := opened.read(1 << 16):
            if piece.strip():
                return False
    return True


def _megabytes(size: int) -> str:
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size} bytes"


def _progress_errors(store: Store, kind: Kind) -> list[UserError]:
    running = [each.id for each in store.bulk.values() if each.type == kind and each.status in UNFINISHED]
    if len(running) < MOST_AT_A_TIME:
        return []
    text = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {', '.join(running)}."
    return [UserError(None, "OPERATION_IN_PROGRESS", text)]
