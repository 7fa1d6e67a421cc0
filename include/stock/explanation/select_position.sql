-- What is kept of the level, and the batch that it travels in. Of a product that has changed its inventory item, the
-- level of the one that it has now. Reads inventory_level, shopify_shop_product, outbox_batch, outbox_batch_row.
SELECT
    level.inventory_item_id,
    level.target AS level_target,
    level.position AS level_position,
    level.delta AS level_delta,
    level.quarantine_reason,
    batch.outbox_batch_id,
    batch.status_id,
    batch.idempotency_key::text AS idempotency_key,
    batch_row.delta,
    batch_row.change_from_quantity,
    batch.created_at,
    batch.sent_at,
    batch.message
FROM inventory_level AS level
LEFT JOIN shopify_shop_product AS shop_product
    ON level.shop_id = shop_product.shop_id AND level.inventory_item_id = shop_product.inventory_item_id
LEFT JOIN outbox_batch_row AS batch_row
    ON
        level.outbox_batch_id = batch_row.outbox_batch_id
        AND level.inventory_item_id = batch_row.inventory_item_id
        AND level.location_id = batch_row.location_id
LEFT JOIN outbox_batch AS batch ON batch_row.outbox_batch_id = batch.outbox_batch_id
WHERE
    level.product_id = %(product_id)s AND level.shop_id = %(shop_id)s AND level.location_id = %(location_id)s
ORDER BY shop_product.product_id NULLS LAST, level.inventory_item_id
LIMIT 1
