"""Reasons and document URIs (reasons recorded on 2026-04, rules of URIs documented)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from include.sandbox.shopify.inventory.errors import REASONS, UserError

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s/]\S*")
GID = re.compile(r"gid://[^\s/]+/[^\s/]+/\S+")


def heading_errors(data: Mapping[str, Any]) -> list[UserError]:
    """Check what every mutation begins with: the reason and the reference document."""
    errors = []
    if data["reason"] not in REASONS:
        errors.append(UserError(("input", "reason"), "INVALID_REASON"))
    reference = data.get("referenceDocumentUri")
    if reference is not None and not valid_uri(reference):
        errors.append(UserError(("input", "referenceDocumentUri"), "INVALID_REFERENCE_DOCUMENT"))
    return errors


def ledger_code(name: str, uri: str | None) -> str | None:
    """Return the code for a ledger document that does not go with the quantity, if it does not."""
    if name == "available":
        return None if uri is None else "INVALID_AVAILABLE_DOCUMENT"
    if uri is None:
        return "INVALID_QUANTITY_DOCUMENT"
    if uri.startswith("gid://shopify/"):
        return "INTERNAL_LEDGER_DOCUMENT"
    return None if valid_uri(uri) else "INVALID_LEDGER_DOCUMENT"


def valid_uri(uri: str) -> bool:
    """Documented: scheme and content; a gid needs app, entity and id. That `://` is needed is inferred."""
    return bool(GID.fullmatch(uri) if uri.startswith("gid:") else URI.fullmatch(uri))
