"""What the rules come to: which values of `product_facility` differ from what they should be, and why.

A value should be what the last matching rule sets, or where none matches its base: what it would be without rules. All
is worked out anew each time, from the base, so a rule or tag that is gone leaves nothing behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.stock.atp_rules import importer
from include.stock.atp_rules.importer import Imported
from include.stock.atp_rules.model import RuleSet

CONFIG_ID = "IMP_PROD_FACILITY"
"""The data manager configuration that takes the rules' files in."""

_LOCK = "reader of product_facility files"


class UnknownRuleGroup(NeedsAction):
    """No rule group has this id."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs from what it should be.

    `rule_group_id` and `rule_id` name the rule that decides, None that the value goes back to its base. A switch is
    1 or 0.
    """

    product_id: str
    facility_id: str
    rule_group_type_id: str
    field: str
    from_value: Decimal
    to_value: Decimal
    rule_group_id: str | None
    rule_id: str | None

    @property
    def from_text(self) -> str:
        """The present value as files write it: a number, or Y or N."""
        return self._text(self.from_value)

    @property
    def to_text(self) -> str:
        """The value that it should have, as files write it."""
        return self._text(self.to_value)

    def _text(self, value: Decimal) -> str:
        return f"{value.normalize():f}" if self.field == "minimum_stock" else "NY"[bool(value)]


@dataclass(frozen=True, slots=True)
class Count:
    """How many values a rule changes, and of which type; without a rule: how many go back to their base."""

    rule_group_type_id: str
    rule_group_id: str | None
    rule_id: str | None
    changes: int


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file with changes of one type of rules, noted to be written."""

    rule_file_id: int
    rule_group_type_id: str
    file_name: str
    change_count: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run of the rules came to: the rules taken, the changes counted, and the files to be written."""

    imported: Imported
    counts: tuple[Count, ...]
    files: tuple[RuleFile, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run of some rules would change."""

    imported: Imported
    counts: tuple[Count, ...]
    changes: tuple[Change, ...]


def take_turn(connection: Connection) -> None:
    """Wait for other transactions that read files into `product_facility` or apply rules to it.

    Two files at once, of two feeds, could each miss that the other is newer; and a base must not be remembered while
    it changes.
    """
    connection.execute(b"SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])


def apply(connection: Connection, rules: RuleSet, source: str, rule_group_id: str | None = None) -> Applied:
    """Take the rules, find what they change, and note the changes as files, all in one transaction.

    Args:
        connection: Trueup's database, outside a transaction.
        rules: All rules there are to be.
        source: Where they come from, for messages.
        rule_group_id: Only change values of this group's type. All groups of a type go together, as a later one may
            overrule an earlier one.

    Raises:
        RulesRefused: The rules cannot be taken.
        UnknownRuleGroup: There is no such group in them.
    """
    with connection.transaction():
        imported = _find_differences(connection, rules, source, rule_group_id)
        files = [RuleFile(*row) for row in connection.execute(statement(__file__, "create_rule_files")).fetchall()]
        ids = {"rule_file_ids": [file.rule_file_id for file in files]}
        connection.execute(statement(__file__, "keep_changes"), ids)
        connection.execute(statement(__file__, "keep_base"))
        return Applied(imported, _counts(connection), tuple(sorted(files, key=lambda file: file.rule_file_id)))


def preview(
    connection: Connection, rules: RuleSet, source: str, rule_group_id: str | None = None, most: int | None = None
) -> Preview:
    """Do what `apply` does up to the files, and take it all back.

    Args:
        connection: Trueup's database, outside a transaction.
        rules: All rules there would be.
        source: Where they come from, for messages.
        rule_group_id: As for `apply`.
        most: How many changes to list at most; they are all counted.

    Raises:
        RulesRefused: The rules cannot be taken.
        UnknownRuleGroup: There is no such group in them.
    """
    with connection.transaction(force_rollback=True):
        imported = _find_differences(connection, rules, source, rule_group_id)
        changes = connection.execute(statement(__file__, "select_differences"), {"most": most}).fetchall()
        return Preview(imported, _counts(connection), tuple(Change(*row) for row in changes))


def outstanding(connection: Connection) -> list[RuleFile]:
    """The files that are noted and not imported yet, the oldest first."""
    rows = connection.execute(
        b"SELECT rule_file_id, rule_group_type_id, file_name, change_count FROM rule_file"
        b" WHERE status_id = 'PLANNED' ORDER BY rule_file_id"
    )
    return [RuleFile(*row) for row in rows.fetchall()]


def is_noted(connection: Connection, file_name: str) -> bool:
    """Tell whether the rules have written, or are to write, a file of this name."""
    return connection.execute(b"SELECT FROM rule_file WHERE file_name = %s", [file_name]).rowcount > 0


def changes_of(connection: Connection, file: RuleFile, at_a_time: int = 5000) -> Iterator[list[Change]]:
    """The changes of a file by product and facility, some thousands at a time."""
    with connection.transaction(), connection.cursor(name="changes") as cursor:
        cursor.execute(statement(__file__, "select_changes"), {"rule_file_id": file.rule_file_id})
        while rows := cursor.fetchmany(at_a_time):
            yield [Change(*row) for row in rows]


def note_imported(connection: Connection, file_name: str, data_manager_log_id: int) -> bool:
    """Note that a file is being read, in the transaction that does so; tells whether the rules have written it."""
    return bool(
        connection.execute(
            b"UPDATE rule_file SET status_id = 'IMPORTED', data_manager_log_id = %s WHERE file_name = %s",
            [data_manager_log_id, file_name],
        ).rowcount
    )


def _find_differences(connection: Connection, rules: RuleSet, source: str, rule_group_id: str | None) -> Imported:
    """Take the rules and fill the temporary table `rule_difference`."""
    kind = _type_of(rules, source, rule_group_id)
    take_turn(connection)
    imported = importer.take(connection, rules, source)
    connection.execute(statement(__file__, "give_up_files"), {"config_id": CONFIG_ID})
    connection.execute(statement(__file__, "create_evaluation"))
    connection.execute(b"SET LOCAL work_mem = '64MB'")
    for step in ("fill_rule_in_force", "fill_product_profile", "fill_winning_rule", "fill_value_on_its_way"):
        connection.execute(statement(__file__, step))
    connection.execute(b"ANALYZE rule_in_force, product_profile, winning_rule, value_on_its_way")
    for step in ("find_ruled_differences", "find_unruled_differences"):
        connection.execute(statement(__file__, step), {"rule_group_type_id": kind})
    return imported


def _type_of(rules: RuleSet, source: str, rule_group_id: str | None) -> str | None:
    """The type of a group; None, which stands for all types, where no group is asked for."""
    if rule_group_id is None:
        return None
    kinds = {group.rule_group_id: group.rule_group_type_id for group in rules}
    if rule_group_id not in kinds:
        raise UnknownRuleGroup(f"{source}: no rule group {rule_group_id!r}; there are {sorted(kinds)}")
    return kinds[rule_group_id]


def _counts(connection: Connection) -> tuple[Count, ...]:
    return tuple(Count(*row) for row in connection.execute(statement(__file__, "count_differences")).fetchall())
