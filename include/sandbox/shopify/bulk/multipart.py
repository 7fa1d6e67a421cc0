"""Reads a multipart form as upload services do: fields in their order, up to and including the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True, slots=True)
class Form:
    """The fields that came before the file, and the file if there is one. What comes after it is ignored."""

    fields: dict[str, str]
    file: bytes | None


def parse(content_type: str, body: bytes) -> Form:
    """Take a form apart.

    Raises:
        ValueError: it is none, or it is broken off.
    """
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise ValueError(f"content type {content_type!r} is no multipart/form-data with a boundary")
    mark = b"--" + boundary.encode()
    at = body.find(mark)
    fields: dict[str, str] = {}
    while at >= 0 and not body.startswith(b"--", at + len(mark)):
        head_end = body.find(b"\r\n\r\n", at)
        end = body.find(b"\r\n" + mark, head_end)
        if head_end < 0 or end < 0:
            raise ValueError("the form is broken off")
        name = _name(body[at:head_end])
        if name == "file":
            return Form(fields, body[head_end + 4 : end])
        fields[name] = body[head_end + 4 : end].decode("utf-8", errors="replace")
        at = end + 2
    return Form(fields, None)


def _name(head: bytes) -> str:
    found = re.search(rb'content-disposition:[^\r\n]*[; ]name="([^"]*)"', head, re.IGNORECASE)
    if found is None:
        raise ValueError("a part of the form has no name")
    return found[1].decode("utf-8", errors="replace")
