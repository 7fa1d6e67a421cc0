-- Messages of levels that were read anew since they came are done. Writes shopify_webhook.
UPDATE shopify_webhook AS webhook
SET status_id = 'IMPORTED', processed_at = now()
FROM
    unnest(%(items)s::text[], %(locations)s::text[])
    AS level (inventory_item_id, location_id)
WHERE
    webhook.shop_id = %(shop_id)s
    AND webhook.status_id = 'PENDING'
    AND webhook.inventory_item_id = level.inventory_item_id
    AND webhook.location_id = level.location_id
    AND webhook.received_at <= %(read_from)s
