"""What a file's content is known by: its digest, and those of its beginnings that came before as files of their own.

An upload that broke off leaves the beginning of a file, which looks like any other file. When the whole file is
uploaded again, the rows of that beginning must not count twice.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first bytes of a file.

    Attributes:
        sha256: Their digest.
        lines: How many lines of the file they hold, the one that is cut included.
        is_cut: Whether they end within a line.
    """

    sha256: str
    lines: int
    is_cut: bool


class Fingerprint:
    """Takes a file's blocks in order, and remembers the beginnings of the given sizes in bytes."""

    def __init__(self, sizes: Iterable[int] = ()) -> None:
        self._digest = hashlib.sha256()
        self._sizes = sorted(set(sizes), reverse=True)
        self._counts = bool(self._sizes)
        self._read = 0
        self._newlines = 0
        self.beginnings: dict[int, Beginning] = {}

    def feed(self, block: bytes) -> None:
        """Take the next block."""
        while self._sizes and self._sizes[-1] <= self._read + len(block):
            size = self._sizes.pop()
            part, block = block[: size - self._read], block[size - self._read :]
            self._take(part)
            is_cut = not part.endswith(b"\n")
            self.beginnings[size] = Beginning(self._digest.hexdigest(), self._newlines + is_cut, is_cut)
        self._take(block)

    def sha256(self) -> str:
        """The digest of all that was taken."""
        return self._digest.hexdigest()

    def _take(self, part: bytes) -> None:
        self._digest.update(part)
        self._read += len(part)
        if self._counts:
            self._newlines += part.count(b"\n")
