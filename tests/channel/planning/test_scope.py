"""The parameters that the sync jobs share: what is not there is named, and useValidATP is kept for all of them."""

import pytest

from include.channel.planning import scope
from include.channel.planning.scope import NothingInScope, Scope
from include.stock.atp import online_atp
from tests.scenarios.store import Store
from tests.world import ONLINE, SHOP

A = "50001"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Scope(facility_group_id="ONLIEN"), "facilityGroupId 'ONLIEN': no such facility group; there are ['ONLINE']"),
        (Scope(shopify_facility_group_id="X"), "shopifyFacilityGroupId 'X': no such facility group"),
        (Scope(exclude_facility_ids=("BROADWAY", "NOWHERE")), "excludeFacilityIds ['NOWHERE']: no such facilities"),
    ],
)
def test_a_slip_of_the_pen_is_named(store: Store, wanted: Scope, told: str) -> None:
    store.open({A: 1})
    with pytest.raises(NothingInScope) as refused:
        scope.check(store.connection, wanted)
    assert told in str(refused.value)
    scope.check(store.connection, Scope("ONLINE", "ONLINE", ("BROADWAY",)))


def test_a_location_where_shopify_is_master_is_in_no_scope(store: Store) -> None:
    store.open({A: 1})
    assert scope.locations(store.connection, SHOP, Scope()) == [ONLINE]
    store.connection.execute(b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY'")
    assert scope.locations(store.connection, SHOP, Scope()) == []


def test_use_valid_atp_says_whether_open_orders_are_deducted_and_is_kept(store: Store) -> None:
    store.open({A: 10})
    store.sell(A, 4)
    store.import_orders()
    assert store.level(A)[0] == 6
    for use, target in ((False, 10), (True, 6)):
        scope.use_valid_atp(store.connection, {SHOP: [ONLINE]}, use=use)
        online_atp.refresh(store.connection)
        assert store.level(A)[0] == target
        online_atp.recompute_all(store.connection)
        assert store.level(A)[0] == target, "kept by every later refresh"
