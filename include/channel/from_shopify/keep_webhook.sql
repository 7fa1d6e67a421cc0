-- Keeps a message once, however often it comes. Writes shopify_webhook.
INSERT INTO shopify_webhook (
    shop_id, webhook_id, event_id, topic, triggered_at, inventory_item_id, location_id, available
)
VALUES (
    %(shop_id)s, %(webhook_id)s, %(event_id)s, %(topic)s, %(triggered_at)s, %(inventory_item_id)s, %(location_id)s,
    %(available)s
)
ON CONFLICT (shop_id, webhook_id) DO NOTHING
