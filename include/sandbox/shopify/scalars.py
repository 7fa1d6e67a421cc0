"""How Shopify writes times and ids."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(epoch: float) -> str:
    """Format seconds since 1970 as Shopify's DateTime: UTC, seconds resolution (recorded on 2026-04)."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(gid: str) -> int:
    """Return the number in a global id."""
    return int(gid.rpartition("/")[2].partition("?")[0])
