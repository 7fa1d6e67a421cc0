"""What newer snapshots have already spoken of, when a file arrives late."""

from include.db.sql import statement
from include.intake.feed import StagedFile


def find(file: StagedFile, *, is_snapshot: bool) -> bool:
    """Fill the table `newer_snapshot` with the products and facilities that are settled by newer snapshots.

    For a snapshot those are newer that speak of a later moment; of the same moment, that were written later. A delta is
    in every snapshot of its moment or a later one.

    Args:
        file: The file, inside its transaction.
        is_snapshot: Whether it is a snapshot itself.

    Returns:
        Whether there are any. Then the table has been analysed: from arrays the planner could not tell how many.
    """
    parameters = file.parameters() | {
        "is_snapshot": is_snapshot,
        "file_modified_at": file.log.file_modified_at,
        "file_name": file.log.file_name,
    }
    file.connection.execute(statement(__file__, "create_newer_snapshot"))
    if not file.connection.execute(statement(__file__, "fill_newer_snapshot"), parameters).rowcount:
        return False
    file.connection.execute(b"ANALYZE newer_snapshot")
    return True
