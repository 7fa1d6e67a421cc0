"""What the shop remembers of bulk operations and uploads. Times are seconds since 1970 by the shop's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.sandbox.shopify.versions import LATEST

Kind = Literal["MUTATION", "QUERY"]
Status = Literal["CREATED", "RUNNING", "CANCELING", "CANCELED", "COMPLETED", "FAILED", "EXPIRED"]

UNFINISHED = ("CREATED", "RUNNING", "CANCELING")
URL_LIFE = 7 * 86400.0  # documented and recorded: from completion
UPLOAD_LIFE = 86400.0  # recorded: the policy expires after 24 hours


@dataclass(slots=True)
class Upload:
    """A target that was given out; `etag` and `size` (bytes) once a file was put there."""

    key: str
    created: float
    content_type: str
    method: str
    etag: str | None = None
    size: int = 0


@dataclass(slots=True)
class BulkOperation:
    """A bulk operation.

    `position` counts the input lines that are done, `size` the bytes of results that belong to them: what the result
    file has beyond, a process wrote whose state was not saved. `etag` is that of the input when the operation was made.
    """

    id: str
    type: Kind
    query: str
    created: float
    scopes: list[str]
    version: str = LATEST
    status: Status = "CREATED"
    upload: str | None = None
    etag: str | None = None
    client_identifier: str | None = None
    started: float | None = None
    completed: float | None = None
    error_code: str | None = None
    position: int = 0
    objects: int = 0
    root_objects: int = 0
    size: int = 0
    fails_after: int | None = None
    keeps_partial: bool = True
    grouped: bool = False

    def status_at(self, now: float) -> Status:
        """Return the status as shown: when the URL has expired, that is shown (the schema's words)."""
        return "EXPIRED" if self.status == "COMPLETED" and self.expired(now) else self.status

    def expired(self, now: float) -> bool:
        """Say whether the results are no longer there."""
        return self.completed is not None and now > self.completed + URL_LIFE
