"""Where uploads and results lie on disk, and the signed addresses under which they are given out."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from pathlib import Path
from urllib.parse import urlencode

from include.sandbox.shopify.scalars import number

BUCKET = "shopify-staged-uploads"
UPLOADS = "/staged-uploads/"
RESULTS = "/bulk-results/"


class Files:
    """A folder with the uploads and results of one shop; `secret` signs their addresses."""

    def __init__(self, folder: Path, secret: str = "sandbox-storage") -> None:  # noqa: S107 - guards nothing real
        self.folder = folder
        self._secret = secret.encode()

    def clear(self) -> None:
        """Forget all files: there is a new shop."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def upload(self, key: str) -> Path:
        """Return the place of an upload. Its name is a digest, so that no key leads out of the folder."""
        return self._in("uploads", hashlib.sha256(key.encode()).hexdigest())

    def results(self, operation: str) -> Path:
        """Return the place of an operation's results."""
        return self._in("results", f"{number(operation)}.jsonl")

    def results_url(self, base: str, operation: str, expires: float) -> str:
        """Return the address of an operation's results, good until `expires` (seconds since 1970)."""
        name = f"{RESULTS}{number(operation)}.jsonl"
        query = {"Expires": int(expires), "Signature": self.sign(f"{name}\n{int(expires)}")}
        return f"{base}{name}?{urlencode(query)}"

    def sign(self, text: str) -> str:
        """Sign a text."""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def is_signed(self, text: str, signature: str) -> bool:
        """Say whether a signature is ours."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode())

    def _in(self, *parts: str) -> Path:
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
