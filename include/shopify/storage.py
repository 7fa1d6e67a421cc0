"""Which addresses of Shopify's storage service are opened: those where staged files go, and where results lie.

They come in answers, so whoever could forge or misdirect one could have Trueup send a request wherever it likes, from
inside the network that it runs in. No token of the shop is sent to any of them, and no redirect is followed.
"""

import re
from urllib.parse import urlsplit

from include.errors import NeedsAction
from include.shopify.access import Access
from include.shopify.errors import ShopifyError

HOSTS = ("storage.googleapis.com", "shopify-staged-uploads.storage.googleapis.com")
"""Google Cloud Storage, where Shopify keeps both: the results' host, and that of the bucket for uploads."""

_NO_HOST_NAME = re.compile(r"[\d.]+|.*:.*|localhost")


class AddressNotOpened(ShopifyError, NeedsAction):
    """An answer of the shop names an address that is not one of its storage service. Nothing was sent there."""


def check_address(url: str, access: Access) -> None:
    """See that an address is one of the storage service: over https, on a host that Shopify is known to use.

    Args:
        url: The address.
        access: The shop that gave it. One on this machine is a sandbox, whose storage is on this machine as well.

    Raises:
        AddressNotOpened: It is not.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressNotOpened(f"storage at {url[:100]!r}: {error}; not opened") from error
    if access.is_sandbox and parts.scheme == "http" and host == "127.0.0.1" and parts.username is None:
        return
    known = (*HOSTS, *access.storage_hosts)
    named = host in known and not _NO_HOST_NAME.fullmatch(host)
    if parts.scheme == "https" and parts.username is None and port in (None, 443) and named:
        return
    raise AddressNotOpened(
        f"storage at {parts.scheme}://{parts.netloc.rpartition('@')[2]}: expected https and one of {', '.join(known)};"
        " not opened. If Shopify has begun to use this host (ask its support), enter it in the list 'storage_hosts' in"
        " the extra of the shop's Airflow connection"
    )
