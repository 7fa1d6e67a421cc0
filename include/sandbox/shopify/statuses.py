"""What the Admin API says with statuses other than 200. Only the text of 401 is reported; the others are inferred."""

from __future__ import annotations

ERRORS: dict[int, str] = {
    401: "[API] Invalid API key or access token (unrecognized login or wrong password)",
    402: "Unavailable Shop",
    403: "Forbidden",
    404: "Not Found",
    423: "This shop is unavailable",
    429: "Too many requests. Reduce request rates to resume uninterrupted service.",
    430: "Shopify Security Rejection",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def body(status: int) -> dict[str, str]:
    """Return the body of an answer: `errors` is a text here, not a list (reported for 401)."""
    return {"errors": ERRORS.get(status, f"HTTP {status}")}
