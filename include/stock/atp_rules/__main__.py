"""Looks at a rules' file before it is in force.

python -m include.stock.atp_rules check FILE
python -m include.stock.atp_rules preview DSN [--rules FILE] [--rule-group ID] [--output CHANGES.csv]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from include import spreadsheets
from include.db.connection import connect
from include.errors import NeedsAction
from include.stock.atp_rules import evaluation, rules_file
from include.stock.atp_rules.evaluation import Change, Count, Preview

COLUMNS = ("product-id", "facility-id", "field", "from", "to", "rule-group", "rule")
"""Of the table of changes; without a rule the value goes back to its base."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: As on the command line.

    Returns:
        0, or 1 if the rules are refused; the message says why.
    """
    given = _parser().parse_args(arguments)
    try:
        if given.command == "check":
            groups = rules_file.read(given.file)
            print(f"{given.file}: {len(groups)} groups, {sum(len(group.rules) for group in groups)} rules, no mistake")
        else:
            _preview(given.dsn, given.rules, given.rule_group, given.output)
    except NeedsAction as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def write_table(changes: Sequence[Change], output: Path) -> None:
    """Write changes as CSV, a row for each.

    Args:
        changes: What to write.
        output: The file.
    """
    import pandas as pd

    rows = [
        (each.product_id, each.facility_id, each.field, each.from_text, each.to_text, each.rule_group_id, each.rule_id)
        for each in changes
    ]
    output.write_bytes(spreadsheets.table(pd.DataFrame(rows, columns=list(COLUMNS))))


def _preview(dsn: str, rules: Path, rule_group: str | None, output: Path | None) -> None:
    with connect(dsn) as connection:
        found = evaluation.preview(
            connection, rules_file.read(rules), str(rules), rule_group, most=0 if output is None else None
        )
    print(_summary(found))
    if output is not None:
        write_table(found.changes, output)
        print(f"{len(found.changes):,} changes written to {output}")


def _summary(found: Preview) -> str:
    lines = [f"warning: {warning}" for warning in found.imported.warnings]
    lines += [_line(count) for count in found.counts]
    return "\n".join([*lines, f"{sum(count.changes for count in found.counts):,} values would change"])


def _line(count: Count) -> str:
    why = "back to the base" if count.rule_id is None else f"group {count.rule_group_id}, rule {count.rule_id}"
    return f"{count.changes:>10,}  {count.rule_group_type_id}: {why}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.stock.atp_rules", description="Looks at ATP rules.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="tell whether a file is right, without a database")
    check.add_argument("file", type=Path)
    look = commands.add_parser("preview", help="tell what a file would change; nothing is changed")
    look.add_argument("dsn", help="Trueup's database")
    look.add_argument("--rules", type=Path, default=rules_file.DEFAULT, help="the rules' file")
    look.add_argument("--rule-group", help="only values of this group's type")
    look.add_argument("--output", type=Path, help="write every change into this CSV file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
