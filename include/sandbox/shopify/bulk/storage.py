"""The storage service beside the shop: takes staged uploads, and hands out results. It knows no access token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from include.sandbox.shopify import wire
from include.sandbox.shopify.bulk import uploads
from include.sandbox.shopify.bulk.files import RESULTS, UPLOADS, Files
from include.sandbox.shopify.faults import Fault, Faults
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store

JSON_LINES = "application/jsonl"
PREFIXES = (UPLOADS.rstrip("/"), RESULTS)


@dataclass(frozen=True, slots=True)
class Storage:
    """An ASGI application for the paths that begin with one of `PREFIXES`."""

    store: Store
    settings: Settings
    files: Files
    faults: Faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        if request.method == "GET" and request.url.path.startswith(RESULTS):
            response = self._results(request.url.path, request.url.query, send)
        elif request.method in ("POST", "PUT") and request.url.path.startswith(PREFIXES[0]):
            response = await self._upload(request)
        else:
            response = Response("Not Found", status_code=404)
        await response(scope, receive, send)

    def _results(self, path: str, query: str, send: Send) -> Response:
        """Hand out results under a signed address, until it expires (recorded; the refusal's wording is inferred)."""
        given = dict(parse_qsl(query))
        expires = given.get("Expires", "")
        if not self.files.is_signed(f"{path}\n{expires}", given.get("Signature", "")):
            return Response("SignatureDoesNotMatch", status_code=403)
        if self.store.now() > int(expires):
            return Response("ExpiredToken", status_code=400)
        file = self.files.results(path.removeprefix(RESULTS).removesuffix(".jsonl"))
        if not file.exists():
            return Response("NoSuchKey", status_code=404)
        size = file.stat().st_size
        fault = self.faults.next_download()
        if fault is not None:
            return _spoilt(fault, file.read_bytes(), send)
        return StreamingResponse(_pieces(file), media_type=JSON_LINES, headers={"content-length": str(size)})

    async def _upload(self, request: Request) -> Response:
        body = bytearray()
        limit = self.settings.upload_limit + uploads.SPARE
        async for chunk in request.stream():
            if len(body) <= limit:
                body += chunk
        refused = self.faults.next_upload()
        if refused is not None:
            return Response("<Error><Code>ServiceUnavailable</Code></Error>", refused, media_type="application/xml")
        if request.method == "POST":
            content_type = request.headers.get("content-type", "")
            answer = uploads.receive_form(self.store, self.files, content_type, bytes(body))
        else:
            answer = uploads.receive_body(self.store, self.files, request.url.path, request.url.query, bytes(body))
        return Response(answer.body, answer.status, media_type=answer.content_type)


def _spoilt(fault: Fault, results: bytes, send: Send) -> Response:
    """Return what a fault makes of some results. Inferred: nobody has recorded how such a download fails."""
    if fault.kind == "results_malformed":
        lines = results.splitlines(keepends=True)
        number = fault.parameters["line"]
        if number < len(lines):
            lines[number] = lines[number][: len(lines[number]) // 2] + b"\n"
        return Response(b"".join(lines), media_type=JSON_LINES)
    begun = results[: fault.parameters["after_bytes"]]
    if fault.kind == "results_truncated":
        return Response(begun, media_type=JSON_LINES)
    return StreamingResponse(
        _broken_off(begun, send), media_type=JSON_LINES, headers={"content-length": str(len(results))}
    )


async def _broken_off(begun: bytes, send: Send) -> AsyncIterator[bytes]:
    yield begun
    await wire.break_off(send, b"")


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    """Read a file in pieces, without a thread: the process forks to save its state, and had better have one only."""
    with file.open("rb") as opened:
        while piece := opened.read(1 << 18):
            yield piece
