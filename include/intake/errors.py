"""What can be wrong with a file as a whole."""


class FileRefused(Exception):
    """The file cannot be taken at all. Nothing of it was applied; it goes to the failed folder.

    The message names what was found, what was expected and what to do.
    """


class FileStillGrowing(Exception):
    """The file changed while it was read. Nothing of it was applied; it will be read again."""
