"""Staged uploads: the targets that `stagedUploadsCreate` gives out, and the service that takes the files.

Address, names and order of the parameters, the policy's range of sizes and the answer to a good upload are recorded on
2026-04 (docs/emulator.md, Bulk operations); the service's refusals follow Google Cloud Storage, wording inferred.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from include.sandbox.shopify.bulk import multipart
from include.sandbox.shopify.bulk.files import BUCKET, UPLOADS, Files
from include.sandbox.shopify.bulk.records import UPLOAD_LIFE, Upload
from include.sandbox.shopify.scalars import number, timestamp
from include.sandbox.shopify.store import Store

SPARE = 65536
"""Bytes that a form may have besides its file."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an app is to send a file, and what to send with it."""

    url: str
    resource_url: str
    parameters: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upload service says."""

    status: int
    body: bytes
    content_type: str = "application/xml; charset=UTF-8"


def stage(store: Store, files: Files, shop: str, base: str, limit: int, wanted: Mapping[str, Any]) -> Target:
    """Give out a target for one file of at most `limit` bytes."""
    name = wanted["filename"].rpartition("/")[2] or "file"
    key = f"tmp/{number(shop)}/bulk/{uuid.uuid4()}/{name}"
    method = wanted["httpMethod"]
    now = store.now()
    store.uploads[key] = Upload(key, now, wanted["mimeType"], method)
    store.dirty = True
    url = f"{base}{UPLOADS}"
    if method == "PUT":
        # Inferred but for the names of the parameters: the address is signed, the file comes as the body.
        parameters = [{"name": "content_type", "value": wanted["mimeType"]}, {"name": "acl", "value": "private"}]
        return Target(f"{url}{quote(key)}?x-goog-signature={files.sign(key)}", f"{url}{quote(key)}", parameters)
    values = _parameters(files, key, wanted["mimeType"], limit, now)
    return Target(url, url, [{"name": name, "value": value} for name, value in values.items()])


def _parameters(files: Files, key: str, content_type: str, limit: int, now: float) -> dict[str, str]:
    stamp = timestamp(now).replace("-", "").replace(":", "")
    fixed = {"Content-Type": content_type, "success_action_status": "201", "acl": "private", "key": key}
    signed = {
        "x-goog-date": stamp,
        "x-goog-credential": f"sandbox@shopify.invalid/{stamp[:8]}/auto/storage/goog4_request",
        "x-goog-algorithm": "GOOG4-RSA-SHA256",
    }
    conditions: list[Any] = [{name: value} for name, value in (fixed | signed).items()]
    conditions += [["content-length-range", 1, limit], {"bucket": BUCKET}]
    policy = {"conditions": conditions, "expiration": timestamp(now + UPLOAD_LIFE)}
    encoded = base64.b64encode(json.dumps(policy).encode()).decode()
    return {**fixed, **signed, "x-goog-signature": files.sign(encoded), "policy": encoded}


def receive_form(store: Store, files: Files, content_type: str, body: bytes) -> Answer:
    """Take a posted form: every parameter as it was given out, and the file after them."""
    try:
        form = multipart.parse(content_type, body)
    except ValueError as error:
        return _refused(400, "MalformedPOSTRequest", f"The body of your POST request is not well-formed: {error}.")
    given = form.fields
    if "key" not in given:
        return _refused(400, "InvalidArgument", "Bucket POST must contain a field named 'key' before the file.")
    policy = given.get("policy", "")
    if not files.is_signed(policy, given.get("x-goog-signature", "")):
        return _refused(403, "SignatureDoesNotMatch", "The request signature does not match the policy document.")
    rules = json.loads(base64.b64decode(policy))
    exact = {name: value for each in rules["conditions"] if isinstance(each, dict) for name, value in each.items()}
    for name, value in exact.items():
        if name != "bucket" and given.get(name) != value:
            return _refused(403, "AccessDenied", f"The field '{name}' does not match the policy document.")
    if timestamp(store.now()) > rules["expiration"]:
        return _refused(400, "ExpiredToken", "The policy document has expired.")
    if form.file is None:
        return _refused(400, "InvalidArgument", "Bucket POST must contain a field named 'file'.")
    least, most = next(each[1:] for each in rules["conditions"] if isinstance(each, list))
    if not least <= len(form.file) <= most:
        too = "larger than the maximum" if len(form.file) > most else "smaller than the minimum"
        code = "EntityTooLarge" if len(form.file) > most else "EntityTooSmall"
        return _refused(400, code, f"Your proposed upload is {too} object size specified in your Policy Document.")
    return _keep(store, files, given["key"], form.file)


def receive_body(store: Store, files: Files, path: str, query: str, body: bytes) -> Answer:
    """Take a file that is put under a signed address."""
    key = unquote(path.removeprefix(UPLOADS))
    upload = store.uploads.get(key)
    if upload is None or not files.is_signed(key, dict(parse_qsl(query)).get("x-goog-signature", "")):
        return _refused(403, "SignatureDoesNotMatch", "The request signature does not match.")
    if store.now() > upload.created + UPLOAD_LIFE:
        return _refused(400, "ExpiredToken", "The signed URL has expired.")
    _keep(store, files, key, body)
    return Answer(200, b"")


def _keep(store: Store, files: Files, key: str, content: bytes) -> Answer:
    upload = store.uploads.get(key)
    if upload is None:
        return _refused(403, "AccessDenied", "There is no such target in this shop any more.")
    files.upload(key).write_bytes(content)
    upload.etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    upload.size = len(content)
    store.dirty = True
    location = f"https://storage.googleapis.com/{BUCKET}/{quote(key)}"
    text = (
        f"<?xml version='1.0' encoding='UTF-8'?><PostResponse><Location>{location}</Location>"
        f'<Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key><ETag>"{upload.etag}"</ETag></PostResponse>'
    )
    return Answer(201, text.encode())


def _refused(status: int, code: str, message: str) -> Answer:
    text = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Answer(status, text.encode())
