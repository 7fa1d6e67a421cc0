"""### Manage Shopify Webhooks

Subscribes to the webhook of changed inventory levels, ends subscriptions, or lists them.

| | |
|---|---|
| HotWax job | Job Manager: subscribe to `Inventory level update` |
| Input | the parameters |
| Output | the shop's subscription; in the result, who is or was told |
| Then | `shopify_webhooks` |

The Airflow connection of the shop must have the app's client secret in its extra, as `webhook_secrets` (a list: after a
rotation keep the older one for an hour). Subscribing twice changes nothing. Shopify ends a subscription by itself after
8 failed deliveries in a row.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *Address protocol ... is not supported*, *expected https://HOST/shopify/webhooks*: correct `address`.
- *HTTP 401*, *Access denied*: the token or its scopes. Correct the Airflow connection of the shop.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS
from include.jobs.shopify_master import manage_subscription
from include.jobs.shops import find_shops, tell_troubles


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "webhooks", "operations"],
    doc_md=__doc__,
    params={"action": params.webhook_action(), "address": params.webhook_address(), "shopId": params.shop_id()},
)
def manage_shopify_webhooks() -> None:
    """Do it."""
    manage_subscription.expand(shop_id=find_shops()) >> tell_troubles()


manage_shopify_webhooks()
