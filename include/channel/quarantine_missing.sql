-- Levels of items that Shopify does not have cannot be observed, nor pushed: into quarantine, with the reason.
-- Writes inventory_level, outbox_batch_row.
WITH missing AS (
    SELECT
        level.inventory_item_id,
        level.location_id,
        level.outbox_batch_id
    FROM inventory_level AS level
    INNER JOIN
        unnest(%(items)s::text[], %(locations)s::text[]) AS gone (inventory_item_id, location_id)
        ON level.inventory_item_id = gone.inventory_item_id AND level.location_id = gone.location_id
    WHERE level.shop_id = %(shop_id)s
),

told AS (
    UPDATE outbox_batch_row AS batch_row
    SET outcome = 'QUARANTINED'
    FROM missing
    WHERE
        batch_row.outbox_batch_id = missing.outbox_batch_id
        AND batch_row.inventory_item_id = missing.inventory_item_id
        AND batch_row.location_id = missing.location_id
)

UPDATE inventory_level AS level
SET outbox_batch_id = NULL, quarantine_reason = 'Shopify has no such inventory item: correct the mapping'
FROM missing
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = missing.inventory_item_id
    AND level.location_id = missing.location_id
