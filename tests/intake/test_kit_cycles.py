"""Which rows of a kit list close a circle, against the plainest way to find out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from include.intake.feeds import kit_cycles
from include.intake.feeds.kit_cycles import Edge

edges = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE"), st.integers(0, 3), st.integers(1, 3)), max_size=14
)


def has_circle(holds: set[tuple[str, str]]) -> bool:
    """By taking away, again and again, what holds nothing."""
    while holds:
        rest = {(kit, component) for kit, component in holds if any(component == each for each, _ in holds)}
        if rest == holds:
            return True
        holds = rest
    return False


@given(rows=edges)
def test_exactly_the_rows_are_refused_that_close_a_circle_with_those_before_them(
    rows: list[tuple[str, str, int, int]],
) -> None:
    given_edges = [
        Edge(kit, component, start, start + length, line)
        for line, (kit, component, start, length) in enumerate(rows, 1)
        if kit != component
    ]
    expected: set[int] = set()
    kept: list[Edge] = []
    for edge in given_edges:
        moments = range(int(edge.start), int(edge.end))
        if any(has_circle({(e.kit, e.component) for e in [*kept, edge] if e.start <= at < e.end}) for at in moments):
            expected.add(edge.line)
        else:
            kept.append(edge)
    found = kit_cycles.closing(given_edges)
    assert set(found) == expected
    by_line = {edge.line: edge for edge in given_edges}
    pairs = {(edge.kit, edge.component) for edge in kept}
    for line, chain in found.items():
        assert chain[0] == chain[-1] == by_line[line].kit
        assert chain[1] == by_line[line].component
        assert set(pairwise(chain[1:])) <= pairs


def test_many_kits_that_all_hold_each_other_are_told_apart() -> None:
    names = [f"K{number:02}" for number in range(40)]
    given_edges = [
        Edge(kit, component, 0, 1, 1 + place)
        for place, (kit, component) in enumerate((a, b) for a in names for b in names if a != b)
    ]
    refused = kit_cycles.closing(given_edges)
    kept = {(edge.kit, edge.component) for edge in given_edges if edge.line not in refused}
    assert kept == {(a, b) for a in names for b in names if a < b}
