"""Which names in a feed's folder are those of files that may be taken."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from posixpath import splitext

LONGEST_NAME = 160
"""Bytes of a file name. What we put in front of it and behind it has to fit into the 255 of most file systems."""

DONE = ".done"
"""Ending of the marker that says that the file beside it is whole."""


def matches(patterns: str, name: str) -> bool:
    """Tell whether a name fits one of the patterns, in any case.

    Args:
        patterns: * and ? as in a shell, several patterns with | between them.
        name: A file name.
    """
    return any(fnmatchcase(name.lower(), each.strip().lower()) for each in patterns.split("|"))


def is_decent(name: str) -> bool:
    """NetSuite's names hold spaces, colons and brackets; a path or a control character is no name."""
    return (
        bool(name)
        and name.isprintable()
        and "/" not in name
        and "\\" not in name
        and len(name.encode()) <= LONGEST_NAME
    )


def is_unfinished(name: str) -> bool:
    """Tell whether a name is one under which upload programs keep what they have not finished."""
    return name.startswith(".") or splitext(name.lower())[1] in (".part", ".filepart", ".tmp")


def markers(arrival: str, names: Iterable[str]) -> set[str]:
    """Those of the names that only vouch for the file beside them.

    Args:
        arrival: The feed's setting; only DONE_FILE knows markers.
        names: What lies in the folder.
    """
    return {name for name in names if arrival == "DONE_FILE" and name.endswith(DONE)}


def takeable(patterns: str, arrival: str, names: Iterable[str]) -> list[str]:
    """Those of the names that may be taken, as far as a name can tell.

    Args:
        patterns: Which names belong to the feed.
        arrival: When a file of the feed is whole.
        names: What lies in the folder.
    """
    present = set(names)
    vouching = markers(arrival, present)
    return sorted(
        name
        for name in present - vouching
        if matches(patterns, name)
        and is_decent(name)
        and not is_unfinished(name)
        and (arrival != "DONE_FILE" or f"{name}{DONE}" in vouching)
    )
