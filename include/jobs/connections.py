"""From Airflow's connections to the plain clients that the library takes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from include.errors import NeedsAction

if TYPE_CHECKING:
    import paramiko

    from include.db.connection import Connection
    from include.shopify.client import Client

OMS = "trueup_oms"
"""Airflow connection of Trueup's own database."""


class ConnectionMisconfigured(NeedsAction):
    """An Airflow connection lacks something that Trueup insists on."""


@contextmanager
def oms() -> "Iterator[Connection]":
    """Open Trueup's database."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from include.db.connection import prepare

    with PostgresHook(postgres_conn_id=OMS).get_conn() as opened:
        yield prepare(opened)


@contextmanager
def sftp(connection_id: str) -> "Iterator[paramiko.SFTPClient]":
    """Open an SFTP connection, with the server's key pinned.

    Raises:
        ConnectionMisconfigured: The connection does not pin the host key, or one side does not know the other's key.
    """
    import paramiko
    from airflow.providers.sftp.hooks.sftp import SFTPHook

    require_pinned_host_key(connection_id)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(SFTPHook(ssh_conn_id=connection_id).get_managed_conn())
        except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as error:
            raise ConnectionMisconfigured(
                f"Airflow connection {connection_id!r}: {type(error).__name__}: {error}. Expected the server's own key"
                " as 'host_key' and a private key that it knows ('key_file' or 'private_key'): correct the connection"
            ) from error
        yield opened


def require_pinned_host_key(connection_id: str) -> None:
    """Refuse an SFTP connection that would talk to whoever answers.

    Raises:
        ConnectionMisconfigured: The host key is not given, or its check is switched off.
    """
    from airflow.sdk import BaseHook

    extra = BaseHook.get_connection(connection_id).extra_dejson
    if not extra.get("host_key") or str(extra.get("no_host_key_check", "false")).lower() == "true":
        raise ConnectionMisconfigured(
            f"Airflow connection {connection_id!r}: the SFTP server's key is not pinned; expected 'host_key' in its"
            " extra (and no 'no_host_key_check'). Ask the server's operator for the key and enter it there"
        )


@contextmanager
def shopify(connection_id: str) -> "Iterator[Client]":
    """Open a shop's Admin API. The connection's host is its address, the password its access token."""
    from airflow.sdk import BaseHook

    from include.shopify.client import LATEST_VERSION, Access, Client

    found = BaseHook.get_connection(connection_id)
    if not found.host or not found.password:
        raise ConnectionMisconfigured(
            f"Airflow connection {connection_id!r}: expected the shop's address (https://NAME.myshopify.com) as host"
            " and its Admin API access token as password"
        )
    access = Access(found.host, found.password, found.extra_dejson.get("api_version", LATEST_VERSION))
    with Client(access) as client:
        yield client
