"""NetSuite's answers to variance files: which adjustment it has made of what it was told.

HotWax's `ExportCycleCount` files. The first column is the reference that the variance file gave (`Reference No`, the
same as `HC Inventory Adj Id`), the other NetSuite's own id. From the answer's moment on a variance is in the ERP's
books for certain, whatever `variance_feed.reaches_erp_after` says (docs/adr/0022).
"""

from include.db.sql import statement
from include.intake.feed import Layout, Posted, StagedFile

LAYOUT = Layout(
    title="variance answer",
    example="workEffortId,externalId",
    columns={
        "workEffortId": "reference",
        "HC Inventory Adj Id": "reference",
        "Reference No": "reference",
        "externalId": "erp_id",
    },
    required=(("reference",), ("erp_id",)),
    speaks_of_a_moment=True,
)


def check(file: StagedFile) -> int:
    """Refuse answers about what was never told, and second ones that contradict the first; returns how many."""
    # Of two answers at once, the second has to see what the first one says.
    file.connection.execute(b"LOCK TABLE exported_variance IN SHARE ROW EXCLUSIVE MODE")
    names = {
        "reference_name": file.written("reference", "workEffortId"),
        "erp_id_name": file.written("erp_id", "externalId"),
    }
    bad = file.connection.execute(statement(__file__, "judge_answers"), names).fetchall()
    listed = {"line_numbers": [line for line, _ in bad], "reasons": [reason for _, reason in bad]}
    file.connection.execute(statement(__file__, "reject_listed"), file.parameters() | listed)
    file.connection.execute(b"DELETE FROM staged WHERE line_number = any(%s)", [listed["line_numbers"]])
    return len(bad)


def post(file: StagedFile) -> Posted:
    """Note what the ERP calls each variance, and since when it has it at the latest."""
    left = file.connection.execute(b"SELECT count(*) FROM staged").fetchone()
    assert left is not None
    changed = file.connection.execute(statement(__file__, "note_answers"), file.parameters()).rowcount
    return Posted(changed, left[0] - changed, 0)
