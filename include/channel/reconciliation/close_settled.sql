-- A batch with an unknown outcome is settled once each of its rows is. Reads outbox_batch_row; writes outbox_batch.
UPDATE outbox_batch AS batch
SET status_id = 'SETTLED', finished_at = now()
WHERE
    batch.shop_id = %(shop_id)s AND batch.status_id = 'UNKNOWN'
    AND NOT EXISTS (
        SELECT
        FROM outbox_batch_row AS batch_row
        WHERE batch_row.outbox_batch_id = batch.outbox_batch_id AND batch_row.outcome IS NULL
    )
