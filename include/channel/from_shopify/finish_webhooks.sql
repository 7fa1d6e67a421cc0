-- Messages of some levels that had come by a moment are done, or given up. Writes shopify_webhook.
UPDATE shopify_webhook AS webhook
SET status_id = %(status_id)s, message = %(message)s, processed_at = now()
FROM
    unnest(%(items)s::text[], %(locations)s::text[])
    AS level (inventory_item_id, location_id)
WHERE
    webhook.shop_id = %(shop_id)s
    AND webhook.status_id = 'PENDING'
    AND webhook.inventory_item_id = level.inventory_item_id
    AND webhook.location_id = level.location_id
    AND webhook.received_at <= %(read_from)s
