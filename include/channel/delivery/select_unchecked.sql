-- Rows of planned batches whose item and location were not checked within a day, or that are not pushed any more since
-- they were planned: their item is not mapped, or their location.
-- Reads outbox_batch, outbox_batch_row, inventory_level, inventory_channel, shopify_shop_product.
SELECT
    batch.outbox_batch_id,
    batch_row.row_index,
    batch_row.inventory_item_id,
    batch_row.location_id,
    mapped.product_id IS NOT NULL AS is_mapped
FROM outbox_batch AS batch
INNER JOIN outbox_batch_row AS batch_row ON batch.outbox_batch_id = batch_row.outbox_batch_id
INNER JOIN inventory_level AS level
    ON
        batch.shop_id = level.shop_id
        AND batch_row.inventory_item_id = level.inventory_item_id
        AND batch_row.location_id = level.location_id
LEFT JOIN shopify_shop_product AS mapped
    ON level.shop_id = mapped.shop_id AND level.inventory_item_id = mapped.inventory_item_id
WHERE
    batch.outbox_batch_id IN (SELECT unnest(%(batches)s::bigint[]))
    AND batch.status_id = 'PLANNED'
    AND (
        level.checked_at IS NULL
        OR mapped.product_id IS NULL
        OR level.checked_at < now() - interval '1 day'
        OR NOT EXISTS (
            SELECT
            FROM inventory_channel AS channel
            WHERE
                channel.shop_id = level.shop_id AND channel.location_id = level.location_id
                AND channel.from_date <= now() AND channel.thru_date > now()
                AND channel.inventory_master = 'OMS'
        )
    )
ORDER BY batch.outbox_batch_id, batch_row.row_index
