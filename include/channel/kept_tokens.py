"""Keeps the access token of a shop between tasks: one exchange a day, not one for each task.

What is kept is encrypted with a key made of the app's client secret, which is not in the database: it is of use only to
whoever could ask for a token anyway. Another secret, or another address, and it is as if nothing were kept.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.access import Access
from include.shopify.tokens import Granted


def load(connection: Connection, access: Access) -> Granted | None:
    """The token that is kept for a shop, with the seconds for which it is still good; None if there is none.

    Args:
        connection: Trueup's database.
        access: The shop, with the app's id and secret.
    """
    row = connection.execute(
        statement(__file__, "select_token"), {"shop_url": access.url, "client_id": access.client_id}
    ).fetchone()
    if row is None:
        return None
    try:
        return Granted(_cipher(access).decrypt(row[0].encode()).decode(), row[1])
    except InvalidToken:  # sealed with a secret that has been replaced since
        return None


def keep(connection: Connection, access: Access, granted: Granted) -> None:
    """Keep a token, in place of the one that was kept before.

    Args:
        connection: Trueup's database.
        access: The shop, with the app's id and secret.
        granted: The token, and for how many seconds it is still good.
    """
    connection.execute(
        statement(__file__, "keep_token"),
        {
            "shop_url": access.url,
            "client_id": access.client_id,
            "sealed_token": _cipher(access).encrypt(granted.token.encode()).decode(),
            "seconds": granted.seconds,
        },
    )


def _cipher(access: Access) -> Fernet:
    """A secret of Shopify's is long and random, so a plain hash makes a key of it; the shop is part of the key."""
    text = "\0".join(("trueup access token", access.url, access.client_id, access.client_secret))
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()))
