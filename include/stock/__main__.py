"""The library's commands: `python -m include.stock explain --sku MH-1212 --location 70000000001`, `... recompute`.

`DATABASE_URL` names the database. Status 0: done; 1: not, and standard error says why and what to do.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

from include.db.connection import Connection, connect
from include.errors import NeedsAction
from include.stock import identify, movements
from include.stock.atp import online_atp
from include.stock.explanation import explain, page


def _explain(connection: Connection, options: argparse.Namespace) -> str:
    explained = explain.explain(connection, options.shop, options.sku, options.location, newest=options.newest)
    if options.json:
        return json.dumps(page.as_json(explained), indent=2)
    return page.as_text(explained)


def _ledger(connection: Connection, options: argparse.Namespace) -> str:
    product_id = identify.product(connection, options.sku)
    facility_ids = [identify.facility(connection, options.facility)] if options.facility else None
    rows = movements.newest(connection, [product_id], facility_ids, options.newest)
    if options.json:
        return json.dumps(page.as_json(rows), indent=2)
    return "\n".join(page.ledger_as_text(rows))


def _recompute(connection: Connection, options: argparse.Namespace) -> str:
    levels = online_atp.recompute_all(connection)
    return json.dumps({"levels": levels}) if options.json else f"{levels:,} levels got another target"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.stock", description="Trueup's stock, by commands.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_explain(commands.add_parser("explain", help="why a location shows what it shows"))
    _add_ledger(commands.add_parser("ledger", help="the newest movements of a product, and where they come from"))
    _add_recompute(commands.add_parser("recompute", help="online ATP of all products, marked as changed or not"))
    return parser


def _add_recompute(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_recompute)


def _add_explain(command: argparse.ArgumentParser) -> None:
    command.add_argument("--location", help="Shopify's location id or number, or the inventory channel")
    command.add_argument("--shop", help="the shop's id or domain")
    _add_common(command, _explain)


def _add_ledger(command: argparse.ArgumentParser) -> None:
    command.add_argument("--facility", help="id, external id or name; all if left out")
    _add_common(command, _ledger)


def _add_common(command: argparse.ArgumentParser, run: Callable[[Connection, argparse.Namespace], str]) -> None:
    command.add_argument("--sku", required=True, help="SKU, product id or another identification")
    command.add_argument("--newest", type=int, default=movements.NEWEST, help="ledger rows to show (%(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    url = os.environ.get("DATABASE_URL")
    if not url:
        print("DATABASE_URL is not set; expected the address of Trueup's database", file=sys.stderr)
        return 1
    try:
        with connect(url) as connection:
            print(options.run(connection, options))
    except NeedsAction as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
