"""What wakes the next DAG.

An event is a wake-up call and no more: it may get lost, so the work lists are in Postgres and every DAG that listens
to an asset has a time schedule as well.
"""

from airflow.sdk import Asset, AssetAlias, AssetWatcher

from include.jobs.webhook_trigger import WebhookTrigger

FILES_WAITING = Asset(name="files_waiting", uri="trueup://data_manager_log/pending")
"""Files lie in the data manager's queue."""

STOCK_CHANGED = Asset(name="stock_changed", uri="trueup://inventory_item_detail")
"""Stock, or what depends on it, has changed."""

TARGETS_CHANGED = Asset(name="targets_changed", uri="trueup://inventory_level/target")
"""Levels have another target, and the push has not computed them itself."""

POSITIONS_OBSERVED = Asset(name="positions_observed", uri="trueup://inventory_level/position")
"""Levels that could not be planned can be planned now."""

UPLOADS_PLANNED = Asset(name="uploads_planned", uri="trueup://outbox_batch/planned")
"""Batches wait to be sent to Shopify."""

RESTOCKS_CHANGED = Asset(name="restocks_changed", uri="trueup://scheduled_restock")
"""Restocks were scheduled, or have another moment."""

TAGS_CHANGED = Asset(name="tags_changed", uri="trueup://product_tag")
"""Products have other tags or features, which the conditions of the ATP rules look at."""

IMPORTED = AssetAlias(name="imported")
"""What `process_waiting_files` says `RESTOCKS_CHANGED` or `TAGS_CHANGED` with, if a file has changed any."""

WEBHOOKS_WAITING = Asset(
    name="webhooks_waiting",
    uri="trueup://shopify_webhook/pending",
    watchers=[AssetWatcher(name="webhook_inbox", trigger=WebhookTrigger())],
)
"""Messages of Shopify lie in the inbox; the event names their shops. The triggerer tells, as no task receives them."""
