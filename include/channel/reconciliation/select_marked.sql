-- The next levels of some locations that are marked to be looked at; not what is under way or in quarantine.
-- Reads inventory_level by its partial index, shopify_shop_product.
SELECT
    level.inventory_item_id,
    level.location_id
FROM inventory_level AS level
WHERE
    level.shop_id = %(shop_id)s
    AND level.to_observe
    AND level.location_id IN (SELECT unnest(%(location_ids)s::text[]))
    AND (level.location_id, level.inventory_item_id) > (%(after_location)s, %(after_item)s)
    AND level.outbox_batch_id IS NULL
    AND level.quarantine_reason IS NULL
    AND EXISTS (
        SELECT
        FROM shopify_shop_product AS mapped
        WHERE mapped.shop_id = level.shop_id AND mapped.inventory_item_id = level.inventory_item_id
    )
ORDER BY level.location_id, level.inventory_item_id
LIMIT %(most)s
