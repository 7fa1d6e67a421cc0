-- The levels of locations where Shopify is master of which messages wait. Reads shopify_webhook.
SELECT DISTINCT
    inventory_item_id,
    location_id
FROM shopify_webhook
WHERE shop_id = %(shop_id)s AND status_id = 'PENDING' AND inventory_item_id IS NOT NULL
ORDER BY location_id, inventory_item_id
