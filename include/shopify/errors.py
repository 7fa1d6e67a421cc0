"""How a request to Shopify can end without an answer to use. What matters is whether it may have been carried out."""

from include.errors import NeedsAction, TryAgain


class ShopifyError(Exception):
    """Base of all that can go wrong on the wire."""


class NotSent(ShopifyError, TryAgain):
    """No connection was made, so nothing was carried out. May be sent again as it is."""


class RequestRefused(ShopifyError, NeedsAction):
    """Shopify refused the request before carrying it out. Sending it again changes nothing until somebody acts."""


class OutcomeUnknown(ShopifyError):
    """The request may have been carried out, now or later. A write must never be sent again: observe instead."""
