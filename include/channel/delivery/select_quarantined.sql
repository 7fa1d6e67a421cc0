-- Rows that have been in quarantine for an hour the first time, twice as long each further time, at most a day.
-- Reads inventory_level, shopify_shop_product, inventory_channel.
SELECT
    level.inventory_item_id,
    level.location_id
FROM inventory_level AS level
WHERE
    level.shop_id = %(shop_id)s
    AND level.quarantine_reason IS NOT NULL
    AND level.outbox_batch_id IS NULL
    AND level.quarantined_at
    < now() - least(interval '1 day', interval '1 hour' * pow(2, least(level.quarantine_tries, 6) - 1))
    AND EXISTS (
        SELECT FROM shopify_shop_product AS mapped
        WHERE mapped.shop_id = level.shop_id AND mapped.inventory_item_id = level.inventory_item_id
    )
ORDER BY level.quarantined_at
LIMIT %(most)s
