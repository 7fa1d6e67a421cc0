-- Written before an operation is asked for: its batches are on their way. Answers nothing if another sender has taken
-- the shop. Reads shopify_shop; writes outbox_file, outbox_batch.
WITH starting AS (
    UPDATE outbox_file AS file
    SET status_id = 'STARTING', started_at = clock_timestamp()
    FROM shopify_shop AS shop
    WHERE
        file.outbox_file_id = %(outbox_file_id)s AND file.status_id = 'BUILT'
        AND shop.shop_id = file.shop_id AND shop.sender_epoch = %(sender_epoch)s
    RETURNING file.outbox_file_id
),

sending AS (
    UPDATE outbox_batch AS batch
    SET status_id = 'SENDING', sent_at = clock_timestamp(), sender_epoch = %(sender_epoch)s
    FROM starting
    WHERE batch.outbox_file_id = starting.outbox_file_id AND batch.status_id = 'PLANNED'
)

SELECT outbox_file_id FROM starting
