"""From Airflow's connections to the plain clients that the library takes."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from include.errors import NeedsAction, TryAgain

if TYPE_CHECKING:
    import asyncssh
    import paramiko

    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

OMS = "trueup_oms"
"""Airflow connection of Trueup's own database."""

_UNKNOWN_KIND = "not found in known_hosts"
"""What Paramiko says where a key of another kind is pinned than the server has."""

_KEY_TROUBLE = (_UNKNOWN_KIND, "No authentication methods available")
"""What Paramiko says of keys in an exception that it raises for other things as well."""

_OTHER_HOST_KEY = ("BadHostKeyException", "HostKeyNotVerifiable")
"""How Paramiko and asyncssh call a server that has another key than the pinned one."""

SECONDS_TO_CONNECT = 30.0
"""How long an SFTP server may take until it has let the triggerer in."""


class ConnectionMisconfigured(NeedsAction):
    """An Airflow connection lacks something that Trueup insists on."""


class ConnectionLost(TryAgain):
    """The connection to an SFTP server was lost, or the server fell silent."""


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

    A connection that cannot be closed any more is no failure: what was to be done with it has been done, or has failed
    with an error of its own.

    Raises:
        ConnectionMisconfigured: The connection does not pin the host key, or one side does not know the other's key.
        ConnectionLost: The server hung up or fell silent. Paramiko's own exceptions, which a retry policy could only
            name if every DAG file imported Paramiko, stay inside as the cause.
    """
    import paramiko
    from airflow.providers.sftp.hooks.sftp import SFTPHook
    from airflow.sdk.exceptions import AirflowException

    from include.intake import remote

    require_pinned_host_key(connection_id)
    try:
        managed = SFTPHook(ssh_conn_id=connection_id).get_managed_conn()
    except (AirflowException, ValueError) as error:  # a key that cannot be read
        raise _key_refused(connection_id, error) from error
    try:
        opened = managed.__enter__()
    except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as error:
        raise _key_refused(connection_id, error) from error
    except (paramiko.SSHException, EOFError) as error:
        # A pinned key of a kind that the server does not have, and no key of our own, have no classes of their own.
        if any(sign in str(error) for sign in _KEY_TROUBLE):
            raise _key_refused(connection_id, error) from error
        raise _lost(connection_id, error) from error
    try:
        remote.limit_waiting(opened)
        yield opened
    except remote.TROUBLE as trouble:
        if remote.is_lost(opened, trouble):
            raise _lost(connection_id, trouble) from trouble
        raise
    finally:
        try:
            managed.__exit__(None, None, None)
        except remote.TROUBLE as trouble:
            logger.info("SFTP connection %r was lost before it could be closed: %r", connection_id, trouble)


def require_pinned_host_key(connection_id: str) -> None:
    """Refuse an SFTP connection that would talk to whoever answers.

    Raises:
        ConnectionMisconfigured: The host key is not given, or its check is switched off.
    """
    from airflow.sdk import BaseHook

    _require_pinned(connection_id, BaseHook.get_connection(connection_id).extra_dejson)


@asynccontextmanager
async def sftp_for_watching(connection_id: str) -> "AsyncIterator[asyncssh.SFTPClient]":
    """Open an SFTP connection without holding up others, as the triggerer needs it, with the server's key pinned.

    Raises:
        ConnectionMisconfigured: The connection does not pin the host key, its key file cannot be read, or one side does
            not know the other's key.
        OSError, asyncssh.Error: The server is out of reach.
    """
    import asyncio

    import asyncssh
    from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
    from airflow.providers.sftp.hooks.sftp import SFTPHookAsync

    _require_pinned(connection_id, await get_async_extra_dejson(await get_async_connection(connection_id)))
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(SECONDS_TO_CONNECT):
                hook = SFTPHookAsync(sftp_conn_id=connection_id)
                opened = await stack.enter_async_context(hook.get_managed_conn())
        except (asyncssh.PermissionDenied, asyncssh.HostKeyNotVerifiable, ValueError) as error:
            raise _key_refused(connection_id, error) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise _key_refused(connection_id, error) from error
        yield opened


def _lost(connection_id: str, trouble: Exception) -> ConnectionLost:
    return ConnectionLost(
        f"Airflow connection {connection_id!r}: the SFTP connection was lost ({type(trouble).__name__}: {trouble})."
        " Nothing is half done, and the next try goes on from there. If this comes again, ask the server's operator"
        " whether the server runs and what its log says"
    )


def _key_refused(connection_id: str, error: Exception) -> ConnectionMisconfigured:
    if type(error).__name__ in _OTHER_HOST_KEY or _UNKNOWN_KIND in str(error):
        return ConnectionMisconfigured(
            f"Airflow connection {connection_id!r}: expected the host key that is pinned, and the server that answers"
            f" has another one ({type(error).__name__}: {error}). Either its operator has changed the key, or somebody"
            " else answers in its place: no login and no file was sent. Ask the operator, by another way, whether the"
            " key was changed; if so, correct the connection: the new key as 'host_key' in its extra. If not, leave it"
        )
    return ConnectionMisconfigured(
        f"Airflow connection {connection_id!r}: {type(error).__name__}: {error}. Expected the server's own key as"
        " 'host_key' and a private key that it knows ('key_file' or 'private_key'): correct the connection"
    )


def _require_pinned(connection_id: str, extra: Mapping[str, Any]) -> None:
    if not extra.get("host_key") or str(extra.get("no_host_key_check", "false")).lower() == "true":
        raise ConnectionMisconfigured(
            f"Airflow connection {connection_id!r}: the SFTP server's key is not pinned; expected 'host_key' in its"
            " extra (and no 'no_host_key_check'). Ask the server's operator for the key and enter it there"
        )


@contextmanager
def shopify(connection_id: str) -> "Iterator[Client]":
    """Open a shop's Admin API.

    The connection's host is its address. With a login, login and password are the app's client id and secret, which
    are exchanged for an access token, which is kept for the tasks that follow; without, the password is an access token
    that lasts.

    Raises:
        ConnectionMisconfigured: Host or password is missing.
    """
    from airflow.sdk import BaseHook

    from include.channel import kept_tokens
    from include.shopify.access import LATEST_VERSION, Access
    from include.shopify.client import Client

    found = BaseHook.get_connection(connection_id)
    if not found.host or not found.password:
        raise ConnectionMisconfigured(
            f"Airflow connection {connection_id!r}: expected the shop's address (https://NAME.myshopify.com) as host,"
            " and either an Admin API access token as password, or the app's client id as login and its client secret"
            " as password"
        )
    version = found.extra_dejson.get("api_version", LATEST_VERSION)
    hosts = found.extra_dejson.get("storage_hosts") or []
    hosts = (hosts,) if isinstance(hosts, str) else tuple(map(str, hosts))
    if not found.login:
        with Client(Access(found.host, found.password, version, storage_hosts=hosts)) as client:
            yield client
        return
    access = Access(found.host, "", version, found.login, found.password, hosts)
    with oms() as database:
        kept = kept_tokens.load(database, access)
    with Client(access, kept=kept) as client:
        try:
            yield client
        finally:
            _keep_token(client)


def _keep_token(client: "Client") -> None:
    """Keep the token that a client has asked for. If that fails, the next one asks for its own."""
    from include.channel import kept_tokens

    granted = client.granted
    if granted is None:
        return
    try:
        with oms() as database:
            kept_tokens.keep(database, client.access, granted)
    except Exception:
        logger.exception("%s: its access token could not be kept; the next task asks for its own", client.access.url)


def of_shop(shop_id: str) -> str:
    """The Airflow connection of a shop.

    Raises:
        ConnectionMisconfigured: There is no such shop.
    """
    with oms() as opened:
        row = opened.execute(b"SELECT connection_id FROM shopify_shop WHERE shop_id = %s", [shop_id]).fetchone()
    if row is None:
        raise ConnectionMisconfigured(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    connection_id: str = row[0]
    return connection_id


def webhook_secrets() -> dict[str, tuple[str, list[str]]]:
    """By myshopify.com domain: each shop's id and the secrets that may sign its webhooks.

    They are in the extra of the shop's connection, as `webhook_secrets`: the app's client secret, and after a rotation
    the older one beside it. Where the connection has a login, its password is the client secret and counts as well. A
    shop without any receives nothing.
    """
    from airflow.sdk import BaseHook

    with oms() as opened:
        rows = opened.execute(b"SELECT myshopify_domain, shop_id, connection_id FROM shopify_shop").fetchall()
    found = {}
    for domain, shop_id, connection_id in rows:
        try:
            opened_with = BaseHook.get_connection(connection_id)
            given = opened_with.extra_dejson.get("webhook_secrets") or []
            secrets = [given] if isinstance(given, str) else [str(each) for each in given]
        except Exception:
            # One shop's connection must not have Shopify end the subscriptions of all.
            logger.exception(
                "shop %s: its webhooks are refused: the Airflow connection %r cannot be read, or 'webhook_secrets' in"
                " its extra is no list of texts; correct it",
                shop_id,
                connection_id,
            )
            continue
        if opened_with.login and opened_with.password:
            secrets.append(opened_with.password)
        found[domain] = (shop_id, secrets)
    return found
