"""One emulator process for all of these tests, with a fresh shop for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.sandbox import shopify
from tests.sandbox.shopify.shop import Shop


@pytest.fixture(scope="session")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shopify.running(tmp_path_factory.mktemp("shopify")) as emulator:
        shop = Shop(emulator)
        yield shop
        shop.close()


@pytest.fixture
def shop(_started: Shop) -> Shop:
    _started.reset()
    return _started
