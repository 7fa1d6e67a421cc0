"""Where a shop is and how to get in."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

LATEST_VERSION = "2026-10"
"""The API version that Trueup is written for."""


@dataclass(frozen=True, slots=True)
class Access:
    """A shop's address, and what lets us in.

    Attributes:
        url: Scheme and host only.
        token: An access token that lasts; empty if the app's own id and secret are exchanged for one.
        api_version: The version to ask for.
        client_id: The app's id, for the client credentials grant.
        client_secret: Its secret.
        storage_hosts: Hosts of Shopify's storage service besides those that are known; see `storage`.
    """

    url: str
    token: str = field(repr=False)
    api_version: str = LATEST_VERSION
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    storage_hosts: tuple[str, ...] = ()

    @property
    def is_sandbox(self) -> bool:
        """Whether the shop is an emulator: one on this machine, without encryption."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname == "127.0.0.1"
