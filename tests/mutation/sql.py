"""Small changes to an SQL statement, each of which a test should notice.

On the tokens of the text, not on a parse tree: our statements are of one style, and what a change makes of one can be
read in the report as it would stand in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|%\(\w+\)s|::|<>|<=|>=|=>|\|\||->>?|[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?|\S", re.DOTALL
)

SWAPPED = {
    "=": "<>", "<>": "=", "<": "<=", "<=": "<", ">": ">=", ">=": ">",
    "+": "-", "-": "+", "/": "*",
    "greatest": "least", "least": "greatest", "min": "max", "max": "min", "floor": "ceil",
    "bool_or": "bool_and", "bool_and": "bool_or",
    "OR": "AND", "TRUE": "FALSE", "FALSE": "TRUE",
    "DESC": "ASC", "LEFT JOIN": "INNER JOIN", "FULL JOIN": "LEFT JOIN",
    "IS NULL": "IS NOT NULL", "IS NOT NULL": "IS NULL",
    "IS DISTINCT FROM": "IS NOT DISTINCT FROM", "IS NOT DISTINCT FROM": "IS DISTINCT FROM",
    "NOT EXISTS": "EXISTS", "EXISTS": "NOT EXISTS", "NOT IN": "IN", "IN": "NOT IN",
}  # fmt: skip
"""What stands in place of what. Words of several tokens come first where both would fit."""

_CLAUSES = {
    "WHERE", "GROUP", "ORDER", "LIMIT", "RETURNING", "UNION", "SELECT", "INNER", "LEFT", "FULL", "CROSS", "JOIN",
    "FROM", "FOR", "THEN", "ELSE", "END", "SET", "HAVING", "ON", "WHEN", "WINDOW", "PARTITION",
}  # fmt: skip
_TOLD_ONLY = {"finished_at", "message", "decided_by", "decided_at", "attempts"}
"""Columns that tell people something and decide nothing."""

_MOMENTS = {"now", "clock_timestamp", "%(looked_from)s"}

_CONDITIONS = {"WHERE", "ON", "AND", "OR", "WHEN", "HAVING"}


@dataclass(frozen=True)
class Change:
    """One change: `text[start:end]` is replaced by `becomes`."""

    start: int
    end: int
    becomes: str


@dataclass(frozen=True)
class Token:
    """A word, number, sign or string; `depth` counts the brackets around it."""

    text: str
    start: int
    end: int
    depth: int


def tokens(text: str) -> list[Token]:
    """Everything in a statement but blanks and comments."""
    found, depth = [], 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token.startswith("--"):
            continue
        depth -= token == ")"
        found.append(Token(token, match.start(), match.end(), depth))
        depth += token == "("
    return found


def changes(text: str) -> list[Change]:
    """All changes to a statement, in the order of the text; none twice."""
    words = tokens(text)
    dropped = list(_without_conditions(words))
    found = [
        *_swaps(words, _settled_otherwise(words, dropped)),
        *dropped,
        *_without_assignments(words),
        *_without_defaults(text, words),
        *_other_numbers(words),
    ]
    return sorted(set(found), key=lambda change: (change.start, change.end, change.becomes))


def _settled_otherwise(words: list[Token], dropped: list[Change]) -> set[int]:
    """Where each `=` stands that assigns, or that is all of a condition, which is left out as a whole already."""
    assigning = {words[start + 1].start for start, _ in _assignments(words)}
    spans = [(change.start, change.end) for change in dropped]
    depths = {word.start: word.depth for word in words}
    whole = {
        word.start
        for word in words
        if word.text == "=" and any(start < word.start < end and depths[start] == word.depth for start, end in spans)
    }
    return assigning | whole


def apply(text: str, change: Change) -> str:
    """The statement with the change."""
    return text[: change.start] + change.becomes + text[change.end :]


def shown(text: str, change: Change) -> tuple[str, str]:
    """What the change concerns and what it becomes, with its line before it: `found.a = b`, and `found.a <> b`."""
    first = text.rfind("\n", 0, change.start) + 1
    last = text.find("\n", change.end)
    last = len(text) if last < 0 else last
    was = text[first:last]
    becomes = text[first : change.start] + change.becomes + text[change.end : last]
    return " ".join(was.split()), " ".join(becomes.split())


def _swaps(words: list[Token], assigned: set[int]) -> Iterator[Change]:
    skip_until = 0
    for index, word in enumerate(words):
        if word.start < skip_until or word.start in assigned:
            continue
        for length in (4, 3, 2, 1):
            phrase = words[index : index + length]
            becomes = SWAPPED.get(" ".join(each.text for each in phrase))
            if becomes is None or len(phrase) < length or not _fits(words, index):
                continue
            yield Change(phrase[0].start, phrase[-1].end, becomes)
            skip_until = phrase[-1].end
            break


def _fits(words: list[Token], index: int) -> bool:
    """Whether a sign stands between two values, and is not a sign before one, nor part of a cast or a star.

    Nothing happens at the very instant that a moment is compared with.
    """
    before = words[index - 1].text if index else "("
    if words[index].text in "+-/":
        return before not in ("(", ",", "THEN", "ELSE", "SELECT", "=", "<", ">", "WHEN") and before.upper() != "THEN"
    if words[index].text in ("<", "<=", ">", ">="):
        return not _MOMENTS.intersection(word.text for word in words[index + 1 : index + 2])
    if words[index].text in ("IN", "EXISTS"):
        return before != "NOT"
    return True


def _end_of_condition(words: list[Token], index: int) -> int:
    """The index behind the condition that begins at `index`."""
    depth, cases = words[index].depth, 0
    for at in range(index, len(words)):
        word = words[at]
        if word.depth < depth:
            return at
        if word.depth > depth:
            continue
        if word.text == "CASE":
            cases += 1
        elif word.text == "END" and cases:
            cases -= 1
        elif not cases and (
            word.text in ("AND", "OR", "AS", ",") or (word.text in _CLAUSES and not _is_distinct(words, at))
        ):
            return at
    return len(words)


def _is_distinct(words: list[Token], at: int) -> bool:
    """`FROM` of `IS DISTINCT FROM`."""
    return words[at].text == "FROM" and words[at - 1].text == "DISTINCT"


def _without_conditions(words: list[Token]) -> Iterator[Change]:
    for index, word in enumerate(words[:-1]):
        if word.text not in _CONDITIONS or (word.text == "ON" and words[index + 1].text in ("CONFLICT", "COMMIT")):
            continue
        end = _end_of_condition(words, index + 1)
        if end == index + 1 or (end == index + 2 and words[index + 1].text in ("TRUE", "FALSE")):
            continue
        neutral = {"OR": "FALSE"}.get(word.text, "TRUE")
        if end < len(words) and words[end].text == "OR":
            neutral = "FALSE"
        yield Change(words[index + 1].start, words[end - 1].end, neutral)
        if word.text == "WHEN":
            yield Change(words[index + 1].start, words[end - 1].end, "FALSE")


def _assignments(words: list[Token]) -> Iterator[tuple[int, int]]:
    """Begin and end of each `column = value` of each SET clause."""
    for index, word in enumerate(words):
        if word.text != "SET":
            continue
        at = index + 1
        while at < len(words):
            end = _end_of_assignment(words, at)
            yield at, end
            if end >= len(words) or words[end].text != ",":
                break
            at = end + 1


def _end_of_assignment(words: list[Token], index: int) -> int:
    depth = words[index].depth
    cases = 0
    for at in range(index, len(words)):
        word = words[at]
        if word.depth < depth:
            return at
        if word.depth == depth:
            cases += (word.text == "CASE") - (word.text == "END")
            if (
                not cases
                and (word.text == "," or word.text in ("FROM", "WHERE", "RETURNING"))
                and not _is_distinct(words, at)
            ):
                return at
    return len(words)


def _without_assignments(words: list[Token]) -> Iterator[Change]:
    """Each assignment of several is left out."""
    groups: dict[int, list[tuple[int, int]]] = {}
    for start, end in _assignments(words):
        first = start
        while words[first].text != "SET" or words[first].depth != words[start].depth:
            first -= 1
        groups.setdefault(first, []).append((start, end))
    for group in groups.values():
        for number, (start, end) in enumerate(group if len(group) > 1 else []):
            if words[start].text in _TOLD_ONLY:
                continue
            if number:
                yield Change(words[start - 1].start, words[end - 1].end, "")
            else:
                yield Change(words[start].start, words[end].end, "")


def _without_defaults(text: str, words: list[Token]) -> Iterator[Change]:
    """`coalesce(a, b)` becomes `a`."""
    for index, word in enumerate(words[:-1]):
        if word.text != "coalesce" or words[index + 1].text != "(":
            continue
        inner = word.depth + 1
        comma = next(
            (at for at in range(index, len(words)) if words[at].text == "," and words[at].depth == inner), None
        )
        closing = next(
            at for at in range(index + 2, len(words)) if words[at].text == ")" and words[at].depth == word.depth
        )
        if comma is not None and comma < closing:
            yield Change(word.start, words[closing].end, text[words[index + 2].start : words[comma - 1].end])


def _other_numbers(words: list[Token]) -> Iterator[Change]:
    for word in words:
        if word.text.isdigit():
            yield Change(word.start, word.end, str(int(word.text) + 1))
