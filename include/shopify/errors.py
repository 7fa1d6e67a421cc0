"""How a request to Shopify can end without an answer to use. What matters is whether it may have been carried out."""

from include.errors import NeedsAction, TryAgain


class ShopifyError(Exception):
    """Base of all that can go wrong on the wire."""


class NotSent(ShopifyError, TryAgain):
    """No connection was made, so nothing was carried out. May be sent again as it is."""


class RequestRefused(ShopifyError, NeedsAction):
    """Shopify refused the request before carrying it out. Sending it again changes nothing until somebody acts."""


class Throttled(ShopifyError, TryAgain):
    """Shopify refused the request before carrying it out, because the app has used up its points.

    Attributes:
        seconds: How long to wait before it is sent again as it is.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class OutcomeUnknown(ShopifyError):
    """The request may have been carried out, now or later. A write must never be sent again: observe instead."""
