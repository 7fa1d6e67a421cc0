-- Written before an operation is asked for: its batches are on their way. Nothing is written if a row of them would
-- raise its level above what it should show by now, which is answered; answers no row if another sender has taken the
-- shop. Reads shopify_shop, overtaken_row; writes outbox_file, outbox_batch.
WITH ours AS (
    SELECT
        file.outbox_file_id,
        (
            SELECT TRUE
            FROM outbox_batch AS batch
            INNER JOIN overtaken_row ON batch.outbox_batch_id = overtaken_row.outbox_batch_id
            WHERE batch.outbox_file_id = file.outbox_file_id AND batch.status_id = 'PLANNED'
            ORDER BY batch.outbox_batch_id
            LIMIT 1
        ) IS NOT NULL AS is_overtaken
    FROM outbox_file AS file
    INNER JOIN shopify_shop AS shop ON file.shop_id = shop.shop_id
    WHERE
        file.outbox_file_id = %(outbox_file_id)s AND file.status_id = 'BUILT'
        AND shop.sender_epoch = %(sender_epoch)s
),

starting AS (
    UPDATE outbox_file AS file
    SET status_id = 'STARTING', started_at = clock_timestamp()
    FROM ours
    WHERE file.outbox_file_id = ours.outbox_file_id AND NOT ours.is_overtaken
    RETURNING file.outbox_file_id
),

sending AS (
    UPDATE outbox_batch AS batch
    SET status_id = 'SENDING', sent_at = clock_timestamp(), sender_epoch = %(sender_epoch)s
    FROM starting
    WHERE batch.outbox_file_id = starting.outbox_file_id AND batch.status_id = 'PLANNED'
)

SELECT is_overtaken FROM ours
