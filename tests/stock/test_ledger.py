"""How movements reach the stock."""

from datetime import UTC, datetime

import pytest

from include.db.connection import Connection
from include.stock import ledger
from tests.world import World

SCANS = b"SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'inventory_item'"


@pytest.mark.parametrize("repeated", [True, False])
def test_a_first_load_does_not_read_the_stock_anew_for_each_row(
    world: World, connection: Connection, *, repeated: bool
) -> None:
    world.facility("BROADWAY", external_id="43")
    for number in range(100):
        world.product(str(10001 + number))
    connection.execute(b"VACUUM ANALYZE inventory_item")  # from now on the planner knows that it is empty
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(b"INSERT INTO movement SELECT product_id, 'BROADWAY', 3, 3, 'VAR_EXT_RESET' FROM product")
        ledger.post(connection, datetime(2026, 11, 20, 9, tzinfo=UTC), repeated=repeated)
        assert connection.execute(SCANS).fetchone() == (0,)
    assert world.stock() == {(str(10001 + number), "BROADWAY"): (3, 3) for number in range(100)}
