"""The store that the scenarios act on."""

import pytest

from include.db.connection import Connection
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.scenarios.store import Store
from tests.world import World


@pytest.fixture
def store(connection: Connection, world: World, emulator: Emulator, client: Client) -> Store:
    return Store(connection, world, emulator, client)
