-- Written before the request leaves: whoever finds the batch like this later knows that its outcome is unknown.
-- Answers nothing if another sender has taken the shop, or if a row would raise its level above what it should show by
-- now. Reads shopify_shop, overtaken_row; writes outbox_batch.
UPDATE outbox_batch AS batch
SET status_id = 'SENDING', sent_at = clock_timestamp(), sender_epoch = %(sender_epoch)s
FROM shopify_shop AS shop
WHERE
    batch.outbox_batch_id = %(outbox_batch_id)s AND batch.status_id = 'PLANNED'
    AND shop.shop_id = batch.shop_id AND shop.sender_epoch = %(sender_epoch)s
    AND NOT EXISTS (
        SELECT FROM overtaken_row WHERE overtaken_row.outbox_batch_id = batch.outbox_batch_id
    )
RETURNING batch.variables
