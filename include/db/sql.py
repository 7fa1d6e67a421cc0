"""SQL statements live in `.sql` files beside the module that runs them: one file, one step."""

from functools import cache
from pathlib import Path


@cache
def statement(module_file: str, name: str) -> bytes:
    """Read the statement `name`.sql that lies beside a module.

    Args:
        module_file: The `__file__` of the module that runs the statement.
        name: File name without the ending.

    Returns:
        The text as psycopg takes it, with `%(name)s` where a parameter is bound.
    """
    return Path(module_file).with_name(f"{name}.sql").read_bytes()
