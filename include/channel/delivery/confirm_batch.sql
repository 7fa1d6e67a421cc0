-- Shopify has applied the batch: the positions follow, whatever orders have moved them meanwhile.
-- Reads outbox_batch_row; writes outbox_batch, outbox_batch_row, inventory_level.
WITH confirmed AS (
    UPDATE outbox_batch
    SET status_id = 'CONFIRMED', finished_at = now()
    WHERE outbox_batch_id = %(outbox_batch_id)s AND status_id = 'SENDING'
    RETURNING outbox_batch_id, shop_id
),

applied AS (
    UPDATE outbox_batch_row AS batch_row
    SET outcome = 'APPLIED'
    FROM confirmed
    WHERE batch_row.outbox_batch_id = confirmed.outbox_batch_id
    RETURNING batch_row.inventory_item_id, batch_row.location_id, batch_row.delta, confirmed.shop_id
)

UPDATE inventory_level AS level
SET
    position = level.position + applied.delta,
    position_as_of = now(),
    outbox_batch_id = NULL,
    quarantine_tries = 0
FROM applied
WHERE
    level.shop_id = applied.shop_id
    AND level.inventory_item_id = applied.inventory_item_id
    AND level.location_id = applied.location_id
