"""The one way of rules into the database: all of a file or nothing of it, and nothing where nothing has changed."""

from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.atp_rules.model import Condition, Rule, RuleGroup, RuleSet, RulesRefused

_PLACES = {"facilities": "facility", "facility_groups": "facility group"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a rules' file.

    Attributes:
        groups: How many groups there are now.
        rules: How many rules they have.
        changed: Whether the database had other rules before.
        warnings: What is probably a slip, a line each: the rules were taken.
    """

    groups: int
    rules: int
    changed: bool
    warnings: tuple[str, ...]


def take(connection: Connection, rules: RuleSet, source: str) -> Imported:
    """Make the database's rules those of a file.

    Facilities and groups that are not set up are refused: a "none of" that names them would match everything. A tag or
    feature that no product has is only warned of: tomorrow's product may bring it.

    Args:
        connection: Trueup's database, inside a transaction.
        rules: All rules there are to be.
        source: Where they come from, for messages.

    Raises:
        RulesRefused: A rule names a facility or group that is not set up.
    """
    connection.execute(b"LOCK TABLE rule_group IN SHARE ROW EXCLUSIVE MODE")
    before = read(connection)
    if before != rules:
        connection.execute(b"DELETE FROM rule_group")
        _insert(connection, rules)
    unknown: list[str] = []
    unheard: list[str] = []
    for group, rule, field, value, alike in connection.execute(statement(__file__, "find_unknown_names")).fetchall():
        where = f"group {group}, rule {rule}, when, {field}"
        hint = f"; did you mean {alike!r}?" if alike else ""
        if field in _PLACES:
            unknown.append(f"{where}: {value!r} is not set up; expected the id of a {_PLACES[field]}{hint}")
        else:
            unheard.append(f"{where}: no product has {value!r} at present{hint}")
    if unknown:
        raise RulesRefused.because_of(source, unknown)
    return Imported(len(rules), sum(len(group.rules) for group in rules), before != rules, tuple(unheard))


def read(connection: Connection) -> RuleSet:
    """Read the database's rules."""
    conditions: dict[tuple[str, str], list[Condition]] = {}
    for group, rule, field_name, operator, values in connection.execute(
        b"SELECT rule_group_id, rule_id, field_name, operator, field_values FROM rule_condition"
        b' ORDER BY field_name COLLATE "C", operator COLLATE "C"'
    ).fetchall():
        conditions.setdefault((group, rule), []).append(Condition(field_name, operator, tuple(values)))
    rules: dict[str, list[Rule]] = {}
    for group, rule, name, status, value in connection.execute(
        b"SELECT rule_group_id, rule_id, rule_name, status_id, field_value FROM decision_rule ORDER BY sequence_num"
    ).fetchall():
        found = Rule(rule, name, status, value, tuple(conditions.get((group, rule), ())))
        rules.setdefault(group, []).append(found)
    return tuple(
        RuleGroup(group, kind, description, status, tuple(rules[group]))
        for group, kind, description, status in connection.execute(
            b"SELECT rule_group_id, rule_group_type_id, description, status_id FROM rule_group ORDER BY sequence_num"
        ).fetchall()
    )


def _insert(connection: Connection, rules: RuleSet) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO rule_group (rule_group_id, rule_group_type_id, description, status_id, sequence_num)"
            b" VALUES (%s, %s, %s, %s, %s)",
            [
                (group.rule_group_id, group.rule_group_type_id, group.description, group.status_id, number)
                for number, group in enumerate(rules, 1)
            ],
        )
        cursor.executemany(
            b"INSERT INTO decision_rule (rule_group_id, rule_id, rule_name, status_id, field_value, sequence_num)"
            b" VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (group.rule_group_id, rule.rule_id, rule.rule_name, rule.status_id, rule.field_value, number)
                for group in rules
                for number, rule in enumerate(group.rules, 1)
            ],
        )
        cursor.executemany(
            b"INSERT INTO rule_condition (rule_group_id, rule_id, field_name, operator, field_values)"
            b" VALUES (%s, %s, %s, %s, %s)",
            [
                (group.rule_group_id, rule.rule_id, each.field_name, each.operator, list(each.field_values))
                for group in rules
                for rule in group.rules
                for each in rule.conditions
            ],
        )
