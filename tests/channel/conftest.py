"""The delivery rules are tested on the same store as the scenarios."""

from typing import cast

import pytest

from include.db.connection import Connection
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.scenarios.conftest import store
from tests.scenarios.store import Store
from tests.world import World

__all__ = ["books", "store"]


@pytest.fixture
def books(connection: Connection, world: World) -> Store:
    """A store whose shop nobody asks: for what is decided by what is known. Set it up with `equip`."""
    return Store(connection, world, cast(Emulator, None), cast(Client, None))
