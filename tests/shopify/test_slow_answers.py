"""Answers that do not end, end in the middle or never begin: what the client makes of them."""

import pytest

from include.sandbox.shopify import Emulator
from include.shopify import inventory, shop
from include.shopify.client import Client
from include.shopify.errors import OutcomeUnknown
from include.shopify.inventory import Adjusted

MAIN, ITEM = "gid://shopify/Location/1", "gid://shopify/InventoryItem/1"

ADJUSTMENT = (
    '{"input":{"name":"available","reason":"correction","changes":[{"inventoryItemId":"gid://shopify/InventoryItem/1",'
    '"locationId":"gid://shopify/Location/1","delta":-3,"changeFromQuantity":10}]},"key":"one"}'
)


@pytest.fixture(autouse=True)
def stocked(emulator: Emulator) -> None:
    emulator.seed(
        [{"id": MAIN, "name": "Main"}], [{"id": ITEM}], [{"inventoryItemId": ITEM, "locationId": MAIN, "available": 10}]
    )


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "slow", "seconds": 8.0}, "did not end within 1"),
        ({"kind": "break_off"}, "without sending complete message body"),
        ({"kind": "drop_after", "reset": True}, "ReadError"),
    ],
)
def test_an_answer_that_does_not_end_leaves_the_outcome_open(
    emulator: Emulator, client: Client, fault: dict[str, object], told: str
) -> None:
    """Each piece of the slow one comes in time; the whole does not, however long it goes on."""
    emulator.fault(**fault)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown, match=told):
        inventory.adjust(client, ADJUSTMENT)
    assert [change["delta"] for change in emulator.history()] == [-3]
    assert shop.locations(client, [MAIN])[MAIN].name == "Main", "the client can be used on"


def test_a_slow_answer_that_ends_in_time_is_an_answer(emulator: Emulator, client: Client) -> None:
    emulator.fault("slow", seconds=0.2)
    assert isinstance(inventory.adjust(client, ADJUSTMENT), Adjusted)
