"""Inventory transfers: two deltas for each line, one taken and one given, which should balance.

HotWax's job `JOB_INV_TRANS` (seed page Inventory). A transfer whose legs do not add up to zero is applied as it is and
reported: the other leg may be in another file, or the fault in NetSuite, and the stock did move.
"""

from dataclasses import replace

from include.db.sql import statement
from include.intake.feed import Posted, StagedFile
from include.intake.feeds import inventory_delta

LAYOUT = replace(inventory_delta.LAYOUT, title="inventory transfer")

check = inventory_delta.check

MOST_NAMED = 10
"""Transfers that are named in the log; of the others there is the count."""


def post(file: StagedFile) -> Posted:
    """Post both legs, and report transfers that do not balance."""
    uneven = [] if file.is_rest else file.connection.execute(statement(__file__, "uneven_transfers")).fetchall()
    posted = inventory_delta.post(file)
    named = [
        f"transfer {number or 'without a number'}, product {product}: legs add up to {total:+f}"
        for number, product, total in uneven[:MOST_NAMED]
    ]
    if len(uneven) > MOST_NAMED:
        named.append(f"and {len(uneven) - MOST_NAMED:,} more transfers whose legs do not balance")
    return replace(posted, notes=(*posted.notes, *named))
