"""What to do about failures in which Trueup's database or a disk is the trouble, and whose messages do not say so."""

import errno

MAKE_ROOM_FOR_DATABASE = (
    "The disk of Trueup's database is full. Make room on the Postgres server, where its data, its WAL and its temporary"
    " files lie; if the server has ended, start it again. What was under way was undone, and is done by the next run."
)
LOOK_AT_DATABASE = (
    "Trueup's database could not be reached, or broke the connection off. See that the Postgres server runs, and what"
    " its log says: without room for its WAL it ends, and does not start. Nothing is half done; the next run goes on."
)
MAKE_ROOM_FOR_WORKER = (
    "The disk of the Airflow worker is full. Make room there, first of all in its folder for temporary files; the next"
    " run does what was not done."
)

_NO_ROOM = "No space left on device"


def advice(trouble: object) -> str | None:
    """Tell what to do about a failure of the database or of the worker's disk; None if it is another one.

    Args:
        trouble: The exception.
    """
    # Only where something has failed: DAG files, which import this, do without psycopg.
    import psycopg

    if isinstance(trouble, psycopg.OperationalError):
        # What has refused a connection is known by its words only.
        if isinstance(trouble, psycopg.errors.DiskFull) or _NO_ROOM in str(trouble):
            return MAKE_ROOM_FOR_DATABASE
        was_ended = trouble.sqlstate is None or trouble.sqlstate.startswith("57P")
        return LOOK_AT_DATABASE if was_ended else None
    if isinstance(trouble, OSError) and trouble.errno in (errno.ENOSPC, errno.EDQUOT):
        return MAKE_ROOM_FOR_WORKER
    return None
