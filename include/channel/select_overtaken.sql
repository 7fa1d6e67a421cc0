-- The planned batches of which rows would raise a level above what it should show by now, oldest first.
-- Reads outbox_batch, outbox_batch_row, inventory_level.
SELECT batch.outbox_batch_id
FROM outbox_batch AS batch
WHERE
    batch.shop_id = %(shop_id)s AND batch.status_id = 'PLANNED' AND batch.transport = %(transport)s
    AND EXISTS (
        SELECT
        FROM outbox_batch_row AS batch_row
        INNER JOIN inventory_level AS level
            ON
                level.shop_id = batch.shop_id
                AND batch_row.inventory_item_id = level.inventory_item_id
                AND batch_row.location_id = level.location_id
        WHERE
            batch_row.outbox_batch_id = batch.outbox_batch_id
            AND batch_row.delta > greatest(level.delta, 0)
    )
ORDER BY batch.outbox_batch_id
