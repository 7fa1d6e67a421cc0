-- Units whose reason may not be pushed are held back, never more than there is to push; where nothing differs any more,
-- nothing is. A target that has not been recomputed yet waits.
-- Reads changed_level, dirty_product; writes inventory_level.
UPDATE inventory_level AS level
SET held_back = CASE WHEN level.delta = 0 AND changed.held_back IS NULL THEN 0 ELSE level.held_back END
+ coalesce(changed.held_back, 0)
FROM inventory_level AS held
LEFT JOIN changed_level AS changed
    ON held.inventory_item_id = changed.inventory_item_id AND held.location_id = changed.location_id
WHERE
    level.shop_id = %(shop_id)s
    AND held.shop_id = level.shop_id
    AND held.inventory_item_id = level.inventory_item_id
    AND held.location_id = level.location_id
    AND (
        changed.held_back <> 0
        OR (
            held.held_back <> 0 AND held.delta = 0 AND held.outbox_batch_id IS NULL AND changed.held_back IS NULL
            AND held.product_id NOT IN (SELECT dirty_product.product_id FROM dirty_product)
        )
    )
