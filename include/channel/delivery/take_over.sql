-- A sender takes a shop: older senders may not send any more, and what they left half sent has an unknown outcome, and
-- may have left at any time until now. What travels in a file is known to its operation.
-- Writes shopify_shop, outbox_batch.
WITH taken AS (
    UPDATE shopify_shop SET sender_epoch = sender_epoch + 1
    WHERE shop_id = %(shop_id)s
    RETURNING sender_epoch
),

left_behind AS (
    UPDATE outbox_batch
    SET
        status_id = 'UNKNOWN',
        sent_at = clock_timestamp(),
        message = 'the sender stopped between sending and hearing the answer'
    WHERE shop_id = %(shop_id)s AND status_id = 'SENDING' AND outbox_file_id IS NULL
)

SELECT sender_epoch FROM taken
