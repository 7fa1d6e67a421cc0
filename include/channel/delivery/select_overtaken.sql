-- The planned batches of which rows would raise a level above what it should show by now, oldest first.
-- Reads outbox_batch, overtaken_row.
SELECT batch.outbox_batch_id
FROM outbox_batch AS batch
WHERE
    batch.shop_id = %(shop_id)s AND batch.status_id = 'PLANNED' AND batch.transport = %(transport)s
    AND EXISTS (
        SELECT FROM overtaken_row WHERE overtaken_row.outbox_batch_id = batch.outbox_batch_id
    )
ORDER BY batch.outbox_batch_id
