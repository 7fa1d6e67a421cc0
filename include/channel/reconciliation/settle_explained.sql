-- What became of single rows of batches with an unknown outcome has one explanation, unless somebody has edited the
-- level, which comes to the same for its position: that follows if it looks applied.
-- Writes inventory_level, outbox_batch_row. Answers the rows settled.
WITH answered AS (
    SELECT
        answer.applied,
        level.inventory_item_id,
        level.location_id,
        level.outbox_batch_id,
        batch_row.delta
    FROM
        unnest(%(items)s::text[], %(locations)s::text[], %(applied)s::boolean[])
        AS answer (inventory_item_id, location_id, applied)
    INNER JOIN inventory_level AS level
        ON
            level.shop_id = %(shop_id)s
            AND answer.inventory_item_id = level.inventory_item_id
            AND answer.location_id = level.location_id
    INNER JOIN outbox_batch_row AS batch_row
        ON
            level.outbox_batch_id = batch_row.outbox_batch_id
            AND level.inventory_item_id = batch_row.inventory_item_id
            AND level.location_id = batch_row.location_id
),

told AS (
    UPDATE outbox_batch_row AS batch_row
    SET outcome = CASE WHEN answered.applied THEN 'LOOKS_APPLIED' ELSE 'LOOKS_NOT_APPLIED' END
    FROM answered
    WHERE
        batch_row.outbox_batch_id = answered.outbox_batch_id
        AND batch_row.inventory_item_id = answered.inventory_item_id
        AND batch_row.location_id = answered.location_id
)

UPDATE inventory_level AS level
SET
    position = level.position + CASE WHEN answered.applied THEN answered.delta ELSE 0 END,
    position_as_of = greatest(level.position_as_of, %(looked_from)s),
    outbox_batch_id = NULL
FROM answered
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = answered.inventory_item_id
    AND level.location_id = answered.location_id
