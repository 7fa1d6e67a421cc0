-- A batch that was surely not applied ends; its rows are free to be planned again. Rows that are wrong in themselves
-- are put into quarantine with their reason. Answers nothing if the batch is not as its sender has left it: another one
-- has taken over, and has observed its rows or will.
-- Writes outbox_batch, outbox_batch_row, inventory_level.
WITH refused AS (
    UPDATE outbox_batch
    SET status_id = %(status_id)s, message = %(message)s, finished_at = now()
    WHERE outbox_batch_id = %(outbox_batch_id)s AND status_id = %(found_as)s
    RETURNING outbox_batch_id, shop_id
),

bad AS (
    SELECT *
    FROM unnest(%(row_indexes)s::integer[], %(reasons)s::text[]) AS bad (row_index, reason)
),

ended AS (
    UPDATE outbox_batch_row AS batch_row
    SET
        outcome = CASE
            WHEN batch_row.row_index IN (SELECT bad.row_index FROM bad) THEN 'QUARANTINED' ELSE 'NOT_APPLIED'
        END
    FROM refused
    WHERE batch_row.outbox_batch_id = refused.outbox_batch_id
    RETURNING
        batch_row.inventory_item_id,
        batch_row.location_id,
        refused.shop_id,
        (SELECT bad.reason FROM bad WHERE bad.row_index = batch_row.row_index) AS reason
),

freed AS (
    UPDATE inventory_level AS level
    SET
        outbox_batch_id = NULL,
        quarantine_reason = ended.reason
    FROM ended
    WHERE
        level.shop_id = ended.shop_id
        AND level.inventory_item_id = ended.inventory_item_id
        AND level.location_id = ended.location_id
)

SELECT outbox_batch_id FROM refused
