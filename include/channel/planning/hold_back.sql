-- Units whose reason may not be pushed are held back; where nothing differs any more, nothing is. A target that has not
-- been recomputed yet waits, as does a level under way.
-- Reads changed_level, inventory_level by its index of what is held back, dirty_product; writes inventory_level.
UPDATE inventory_level AS level
SET held_back = CASE
    WHEN
        level.delta = 0 AND level.outbox_batch_id IS NULL
        AND level.product_id NOT IN (SELECT dirty_product.product_id FROM dirty_product)
        THEN 0
    ELSE level.held_back + concerned.held_back
END
FROM (
    SELECT
        inventory_item_id,
        location_id,
        sum(held_back) AS held_back
    FROM (
        SELECT
            inventory_item_id,
            location_id,
            held_back
        FROM changed_level
        WHERE held_back <> 0
        UNION ALL
        SELECT
            inventory_item_id,
            location_id,
            0
        FROM inventory_level
        WHERE shop_id = %(shop_id)s AND held_back <> 0 AND delta = 0
    ) AS part
    GROUP BY inventory_item_id, location_id
) AS concerned
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = concerned.inventory_item_id
    AND level.location_id = concerned.location_id
