-- Units whose reason may not be pushed are held back, never more than there is to push; where nothing differs any more,
-- nothing is. A target that has not been recomputed yet waits.
-- Reads changed_level, inventory_level by its index of what is held back, dirty_product; writes inventory_level.
UPDATE inventory_level AS level
SET held_back = CASE WHEN level.delta = 0 AND changed.held_back IS NULL THEN 0 ELSE level.held_back END
+ coalesce(changed.held_back, 0)
FROM (
    SELECT
        inventory_item_id,
        location_id,
        held_back
    FROM changed_level
    WHERE held_back <> 0
    UNION ALL
    SELECT
        held.inventory_item_id,
        held.location_id,
        NULL
    FROM inventory_level AS held
    WHERE
        held.shop_id = %(shop_id)s AND held.held_back <> 0 AND held.delta = 0 AND held.outbox_batch_id IS NULL
        AND held.product_id NOT IN (SELECT dirty_product.product_id FROM dirty_product)
        AND NOT EXISTS (
            SELECT
            FROM changed_level AS known
            WHERE
                known.inventory_item_id = held.inventory_item_id
                AND known.location_id = held.location_id
                AND known.held_back IS NOT NULL
        )
) AS changed
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = changed.inventory_item_id
    AND level.location_id = changed.location_id
