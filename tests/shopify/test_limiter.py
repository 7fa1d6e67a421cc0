"""The limiter spends the bucket, and does not overdraw it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.shopify.limiter import Limiter


class Bucket:
    """Shopify's side of the points, and the clock that both go by."""

    def __init__(self, size: float, rate: float) -> None:
        self.size, self.rate, self.points, self.now = size, rate, size, 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.points = min(self.size, self.points + seconds * self.rate)

    def cost(self) -> dict[str, object]:
        status = {"maximumAvailable": self.size, "currentlyAvailable": int(self.points), "restoreRate": self.rate}
        return {"throttleStatus": status}


@given(
    st.floats(50, 4000),
    st.sampled_from([50.0, 100.0, 1000.0]),
    st.lists(st.tuples(st.sampled_from([1.0, 3.0, 10.0, 40.0]), st.floats(0, 120)), max_size=60),
)
def test_the_bucket_is_never_overdrawn(size: float, rate: float, calls: list[tuple[float, float]]) -> None:
    bucket = Bucket(size, rate)
    limiter = Limiter(lambda: bucket.now, bucket.sleep)
    limiter.learn(bucket.cost())
    for points, idle in calls:
        bucket.sleep(idle)
        limiter.wait_for_points(points)
        limiter.spend(points)
        bucket.points -= points
        assert bucket.points >= -1e-6, "throttled"
        limiter.learn(bucket.cost())


@given(st.integers(1, 500))
def test_the_bucket_is_spent(calls: int) -> None:
    """Whatever the number of calls: no wait while there are points, then as many as flow in."""
    bucket = Bucket(2000.0, 100.0)
    limiter = Limiter(lambda: bucket.now, bucket.sleep)
    for _ in range(calls):
        limiter.wait_for_points(10.0)
        limiter.spend(10.0)
        bucket.points -= 10.0
        limiter.learn(bucket.cost())
    assert bucket.now == pytest.approx(max(0.0, (calls * 10.0 - 2000.0) / 100.0), abs=0.1)
