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
    limiter.answered(0.0, limiter.sent(), bucket.cost())
    for points, idle in calls:
        bucket.sleep(idle)
        limiter.take(points)
        sent = limiter.sent()
        bucket.points -= points
        assert bucket.points >= -1e-5, "throttled"
        limiter.answered(points, sent, bucket.cost())


@given(
    st.floats(50, 400),
    st.sampled_from([50.0, 100.0, 1000.0]),
    st.lists(
        st.tuples(
            st.sampled_from(["take", "give back", "send", "arrive", "answer"]), st.integers(0, 7), st.floats(0, 0.2)
        )
    ),
)
def test_requests_under_way_together_do_not_overdraw_it(
    size: float, rate: float, steps: list[tuple[str, int, float]]
) -> None:
    """Requests leave, arrive and are answered in any order; what is told late is older than what was told before."""
    bucket = Bucket(size, rate)
    limiter = Limiter(lambda: bucket.now, bucket.sleep)
    limiter.answered(0.0, limiter.sent(), bucket.cost())
    taken: list[None] = []
    sent: list[float] = []
    counted: list[tuple[float, dict[str, object]]] = []
    for step, which, idle in steps:
        bucket.sleep(idle)
        match step:
            case "take":
                limiter.take(10.0)
                taken.append(None)
            case "give back" if taken:
                taken.pop()
                limiter.give_back(10.0)
            case "send" if taken:
                taken.pop()
                sent.append(limiter.sent())
            case "arrive" if sent:
                bucket.points -= 10.0
                assert bucket.points >= -1e-5, "throttled"
                counted.append((sent.pop(which % len(sent)), bucket.cost()))
            case "answer" if counted:
                left, cost = counted.pop(which % len(counted))
                limiter.answered(10.0, left, cost)


@given(st.integers(1, 500))
def test_the_bucket_is_spent(calls: int) -> None:
    """Whatever the number of calls: no wait while there are points, then as many as flow in."""
    bucket = Bucket(2000.0, 100.0)
    limiter = Limiter(lambda: bucket.now, bucket.sleep)
    for _ in range(calls):
        limiter.take(10.0)
        sent = limiter.sent()
        bucket.points -= 10.0
        limiter.answered(10.0, sent, bucket.cost())
    assert bucket.now == pytest.approx(max(0.0, (calls * 10.0 - 2000.0) / 100.0), abs=0.1)


def test_what_is_given_back_is_not_missed() -> None:
    """However many requests do not leave: what an answer says is left may be taken whole."""
    bucket = Bucket(100.0, 1.0)
    limiter = Limiter(lambda: bucket.now, bucket.sleep)
    for _ in range(100):
        limiter.take(10.0)
        limiter.give_back(10.0)
    limiter.answered(0.0, limiter.sent(), bucket.cost())
    for _ in range(10):
        limiter.take(10.0)
    assert limiter.waited == 0
