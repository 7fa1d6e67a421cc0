"""What can be wrong with a file as a whole."""

from include.errors import NeedsAction, TryAgain


class FileRefused(NeedsAction):
    """The file cannot be taken at all. Nothing of it was applied; it goes to the failed folder.

    The message names what was found, what was expected and what to do.
    """


class FileStillGrowing(TryAgain):
    """The file changed while it was read. Nothing of it was applied; it will be read again."""


class NotFiledAway(TryAgain):
    """A file is done with, but could not be put into its last folder, or its reject file not be written."""


class NotWritten(TryAgain, OSError):
    """The server refused to write or to move a file, or had room for a part of it only. What lay there before stays."""
