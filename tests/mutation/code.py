"""Small changes within the functions of a Python module, each of which a test should notice."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from tests.mutation.sql import Change

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.FloorDiv: "*",
    ast.Div: "*",
}
_CALLS = {"min": "max", "max": "min", "floor": "round", "any": "all", "all": "any"}
_TOLD_ONLY = {"logger", "assert_never"}


def changes(text: str) -> list[Change]:
    """All changes within functions; what only tells people something is left alone."""
    lines = _Offsets(text)
    found: list[Change] = []
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                found += [change for node in _nodes(statement) for change in _of(node, text, lines)]
    return sorted(set(found), key=lambda change: (change.start, change.end, change.becomes))


def function_at(text: str, line: int) -> str:
    """The outermost function or method that a line belongs to, with its class: `Taken.__add__`."""
    tree = ast.parse(text)
    methods = [(f"{each.name}.", each.body) for each in tree.body if isinstance(each, ast.ClassDef)]
    for prefix, body in [("", tree.body), *methods]:
        for each in body:
            if isinstance(each, ast.FunctionDef) and each.lineno <= line <= (each.end_lineno or line):
                return prefix + each.name
    raise ValueError(f"line {line} belongs to no function")


class _Offsets:
    """From line and column to a place in the text."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def __call__(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def span(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self(node.lineno, node.col_offset), self(node.end_lineno, node.end_col_offset)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and what it consists of, but for messages, annotations and assertions."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.FunctionDef):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if _is_no_matter(node) or (isinstance(node, ast.If) and not node.orelse and all(map(_is_no_matter, node.body))):
        return
    yield node
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST):
                yield from _nodes(child)


def _is_no_matter(node: ast.AST) -> bool:
    """Whether something does nothing but tell people, or let the database know how much there is."""
    call = node.value if isinstance(node, ast.Expr) else node
    if not isinstance(call, ast.Call):
        return False
    called = ast.unparse(call)
    return called.partition(".")[0].partition("(")[0] in _TOLD_ONLY or ".execute(b'ANALYZE " in called


def _of(node: ast.AST, text: str, at: _Offsets) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield Change(*at.span(node.test), "False")
        if not isinstance(node, ast.While):
            yield Change(*at.span(node.test), "True")
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield Change(*at.span(node.value), "None")
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        yield Change(*at.span(node.func), _CALLS[node.func.id])
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
        yield Change(*at.span(node), str(not node.value) if isinstance(node.value, bool) else str(node.value + 1))
    else:
        yield from _of_signs(node, text, at)


def _of_signs(node: ast.AST, text: str, at: _Offsets) -> Iterator[Change]:
    """Of what stands between two values, or before one."""
    if isinstance(node, ast.Compare):
        values = [node.left, *node.comparators]
        for number, operator in enumerate(node.ops):
            yield Change(
                at.span(values[number])[1], at.span(values[number + 1])[0], f" {_COMPARISONS[type(operator)]} "
            )
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = at.span(node.left)[1], at.span(node.right)[0]
        if text[left:right].strip() in ("+", "-", "*", "/", "//"):
            yield Change(left, right, f" {_OPERATIONS[type(node.op)]} ")
    elif isinstance(node, ast.BoolOp):
        for first, second in itertools.pairwise(node.values):
            start, end = at.span(first)[1], at.span(second)[0]
            if text[start:end].strip() in ("and", "or"):
                yield Change(start, end, " or " if isinstance(node.op, ast.And) else " and ")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield Change(at.span(node)[0], at.span(node.operand)[0], "")
