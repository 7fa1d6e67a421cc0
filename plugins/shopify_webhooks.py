"""The webhook receiver as Airflow's api-server loads it: `POST /shopify/webhooks`."""

from airflow.plugins_manager import AirflowPlugin

from include.jobs import webhook_receiver


class ShopifyWebhooksPlugin(AirflowPlugin):
    """Mounts the receiver."""

    name = "shopify_webhooks"
    fastapi_apps = [  # noqa: RUF012 - Airflow's own way to declare them
        {
            "app": webhook_receiver.make_app(webhook_receiver.of_airflow()),
            "url_prefix": "/shopify",
            "name": "Shopify webhooks",
        }
    ]
