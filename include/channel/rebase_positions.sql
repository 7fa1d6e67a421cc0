-- Takes what Shopify shows as the position, row by row, where no order has touched the level since the read.
-- Reads shopify_order_movement; writes inventory_level, outbox_batch_row, inventory_drift. Answers the rows rebased.
WITH observed AS (
    SELECT seen.*
    FROM
        unnest(%(items)s::text[], %(locations)s::text[], %(available)s::integer[])
        AS seen (inventory_item_id, location_id, available)
    WHERE NOT EXISTS (
        SELECT
        FROM shopify_order_movement AS moved
        WHERE
            moved.shop_id = %(shop_id)s
            AND moved.inventory_item_id = seen.inventory_item_id
            AND moved.location_id = seen.location_id
            AND moved.shopify_order_movement_id > %(last_movement)s
    )
),

calm AS (
    SELECT
        level.inventory_item_id,
        level.location_id,
        level.position,
        level.outbox_batch_id,
        observed.available,
        batch_row.delta
    FROM observed
    INNER JOIN inventory_level AS level
        ON
            level.shop_id = %(shop_id)s
            AND observed.inventory_item_id = level.inventory_item_id
            AND observed.location_id = level.location_id
    LEFT JOIN outbox_batch_row AS batch_row
        ON
            level.outbox_batch_id = batch_row.outbox_batch_id
            AND level.inventory_item_id = batch_row.inventory_item_id
            AND level.location_id = batch_row.location_id
    FOR UPDATE OF level
),

told AS (
    UPDATE outbox_batch_row AS batch_row
    SET outcome = CASE
        WHEN calm.available = calm.position + calm.delta THEN 'APPLIED'
        WHEN calm.available = calm.position THEN 'NOT_APPLIED'
        ELSE 'OBSERVED'
    END
    FROM calm
    WHERE
        batch_row.outbox_batch_id = calm.outbox_batch_id
        AND batch_row.inventory_item_id = calm.inventory_item_id
        AND batch_row.location_id = calm.location_id
),

drifted AS (
    INSERT INTO inventory_drift (
        shop_id, inventory_item_id, location_id, position, observed, cause, outbox_batch_id
    )
    SELECT
        %(shop_id)s,
        inventory_item_id,
        location_id,
        position,
        available,
        CASE WHEN position IS NULL THEN 'FIRST_OBSERVATION' ELSE 'CHANGED_IN_SHOPIFY' END,
        outbox_batch_id
    FROM calm
    WHERE position IS NULL OR (available <> position AND available <> position + coalesce(delta, 0))
)

UPDATE inventory_level AS level
SET position = calm.available, outbox_batch_id = NULL
FROM calm
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = calm.inventory_item_id
    AND level.location_id = calm.location_id
