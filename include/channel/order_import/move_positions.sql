-- What orders have taken and given back, Shopify shows already. Reads order_movement; writes inventory_level.
UPDATE inventory_level AS level
SET position = level.position - moved.units
FROM (
    SELECT
        inventory_item_id,
        location_id,
        sum(taken_diff - returned_diff)::integer AS units
    FROM order_movement
    GROUP BY inventory_item_id, location_id
    HAVING sum(taken_diff - returned_diff) <> 0
) AS moved
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = moved.inventory_item_id
    AND level.location_id = moved.location_id
