"""Kits that would hold themselves, directly or through other kits, at some moment."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """A kit holds a component.

    Attributes:
        kit: Its product id.
        component: The component's.
        start: When it begins to, in seconds of any one clock.
        end: When it has ended.
        line: The row that says so; 0 if it stands already and cannot be refused.
    """

    kit: str
    component: str
    start: float
    end: float
    line: int


def closing(edges: Sequence[Edge]) -> dict[int, tuple[str, ...]]:
    """Find the rows that would close a circle with what stands and with the rows before them that were not refused.

    A circle counts only if there is a moment at which all of it holds.

    Args:
        edges: What stands, free of circles, and the rows of a file.

    Returns:
        For each line to refuse the chain that it would close: the kit, its component, and so on to the kit again.
    """
    holds: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        if not edge.line:
            holds[edge.kit].append(edge)
    refused: dict[int, tuple[str, ...]] = {}
    for edge in sorted((edge for edge in edges if edge.line), key=lambda each: each.line):
        if chain := _way_back(edge, holds):
            refused[edge.line] = (edge.kit, *chain)
        else:
            holds[edge.kit].append(edge)
    return refused


@dataclass(frozen=True, slots=True)
class _Step:
    """A product reached from the edge in question, and the time in which the whole way to it holds."""

    product: str
    start: float
    end: float


def _way_back(edge: Edge, holds: defaultdict[str, list[Edge]]) -> tuple[str, ...]:
    """The shortest way from an edge's component down to its kit; empty if there is none."""
    first = _Step(edge.component, edge.start, edge.end)
    came_from: dict[_Step, _Step | None] = {first: None}
    waiting = deque([first])
    while waiting:
        step = waiting.popleft()
        if step.product == edge.kit:
            return tuple(reversed([each.product for each in _back(step, came_from)]))
        for following in _following(step, holds[step.product]):
            if following not in came_from:
                came_from[following] = step
                waiting.append(following)
    return ()


def _following(step: _Step, edges: Iterable[Edge]) -> Iterable[_Step]:
    for edge in edges:
        start, end = max(step.start, edge.start), min(step.end, edge.end)
        if start < end:
            yield _Step(edge.component, start, end)


def _back(step: _Step | None, came_from: dict[_Step, _Step | None]) -> Iterable[_Step]:
    while step is not None:
        yield step
        step = came_from[step]
