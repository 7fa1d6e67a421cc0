"""The changes themselves: what they do to a text, that they are in force for a while only, and what is said of them."""

from __future__ import annotations

import pytest

from include.channel.delivery import outbox
from include.channel.planning import breaker
from include.db.sql import statement
from tests.mutation import __main__ as command
from tests.mutation import code, mutant, sql
from tests.mutation.targets import TARGETS

FILES = [file for target in TARGETS for file in target.files]


def becomes(text: str, *, of: str = "sql") -> set[str]:
    """What all changes make of a text."""
    found = sql.changes(text) if of == "sql" else code.changes(text)
    return {" ".join(sql.apply(text, change).split()) for change in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM t WHERE b < 5", {"WHERE b <= 5", "WHERE TRUE", "WHERE b < 6"}),
        ("SELECT a FROM t WHERE b = c OR d", {"WHERE FALSE OR d", "WHERE b = c OR FALSE", "WHERE b = c AND d"}),
        ("SELECT a FROM t WHERE b IS DISTINCT FROM c", {"WHERE TRUE", "WHERE b IS NOT DISTINCT FROM c"}),
        (
            "SELECT a FROM t WHERE (b - 1) < d",
            {"WHERE (b + 1) < d", "WHERE (b - 2) < d", "WHERE (b - 1) <= d", "WHERE TRUE"},
        ),
    ],
)
def test_a_condition_is_changed_in_each_way_that_matters(text: str, expected: set[str]) -> None:
    assert {each.partition("FROM t ")[2] for each in becomes(text)} == expected


def test_an_assignment_is_left_out_but_never_made_a_comparison() -> None:
    assert becomes("UPDATE t SET a = b + c, d = NULL WHERE e = %(e)s") == {
        "UPDATE t SET d = NULL WHERE e = %(e)s",
        "UPDATE t SET a = b - c, d = NULL WHERE e = %(e)s",
        "UPDATE t SET a = b + c WHERE e = %(e)s",
        "UPDATE t SET a = b + c, d = NULL WHERE TRUE",
    }


def test_formulas_are_turned_around() -> None:
    assert becomes("SELECT greatest(0, floor(coalesce(a, 0) / b)) FROM t") >= {
        "SELECT least(0, floor(coalesce(a, 0) / b)) FROM t",
        "SELECT greatest(0, ceil(coalesce(a, 0) / b)) FROM t",
        "SELECT greatest(0, floor(a / b)) FROM t",
        "SELECT greatest(0, floor(coalesce(a, 0) * b)) FROM t",
    }


def test_a_comment_and_a_text_are_left_alone() -> None:
    assert becomes("-- a = 5 AND b\nSELECT 'a = 5 AND b'::text, count(*) FROM t") == set()


def test_functions_are_changed_and_what_they_tell_is_not() -> None:
    text = (
        'LIMIT = 3\ndef f(a: int = 1) -> int:\n    """At most 7."""\n    logger.info(a + 1)\n'
        "    if a > 4:\n        logger.warning(a)\n    g.execute(b'ANALYZE t')\n    g(a)\n    return min(a, 2)\n"
    )
    found = {each.rpartition("t')")[2] for each in becomes(text, of="code")}
    assert found == {" g(a) return max(a, 2)", " g(a) return min(a, 3)", " None return min(a, 2)"}


def test_a_changed_statement_is_in_force_only_for_a_while() -> None:
    file = "include/channel/delivery/confirm_batch.sql"
    before = statement(outbox.__file__, "confirm_batch")
    each = mutant.of_file(file)[0]
    with each.in_force():
        assert statement(outbox.__file__, "confirm_batch") == each.text.encode() != before
    assert statement(outbox.__file__, "confirm_batch") == before


def test_a_changed_function_is_in_force_only_for_a_while() -> None:
    usual = breaker.Thresholds(100, 0.3, 0.9, 10)
    changed = "if rows <= thresholds.least_rows:"
    (each,) = [one for one in mutant.of_file("include/channel/planning/breaker.py") if one.becomes == changed]
    lost = [breaker.Vanishing("A", 100, 100)]
    assert breaker.judge(100, None, lost, usual) is not None
    with each.in_force():
        assert breaker.judge(100, None, lost, usual) is None
    assert breaker.judge(100, None, lost, usual) is not None


@pytest.mark.parametrize("file", FILES)
def test_each_file_has_changes_that_can_be_tried(file: str) -> None:
    found = mutant.of_file(file)
    assert found
    assert all(each.was != each.becomes for each in found)
    assert len({each.change for each in found}) == len(found), "each is known by itself"
    assert all(mutant.is_valid(file, each.text) for each in found if file.endswith(".py"))


def test_what_is_explained_is_still_there() -> None:
    there = {(each.file, each.was, each.becomes) for file in FILES for each in mutant.of_file(file)}
    assert set(command.explained()) <= there, "the line has changed: look again whether it needs an explanation"
    assert all(command.explained().values())


def test_the_tests_that_should_notice_exist() -> None:
    assert [test for target in TARGETS for test in target.tests if not (mutant.PROJECT / test).exists()] == []
