from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.sandbox import process


@pytest.fixture
def children_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test sees, and stops, only what it has started: the servers of the other tests go on."""
    monkeypatch.setattr(process, "_registry", process._Registry())
    yield
    process.record_in(None)
    process.stop_all()
