"""The two kinds of failure that a scheduler must tell apart."""


class NeedsAction(Exception):
    """Trying again changes nothing until somebody has acted on the message."""


class TryAgain(Exception):
    """Something is in somebody else's hands for a moment, or a connection failed. Nothing was half done."""
