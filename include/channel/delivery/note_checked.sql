-- Item and location of these levels can be written to, as of now. Writes inventory_level.
UPDATE inventory_level AS level
SET checked_at = now()
FROM unnest(%(items)s::text[], %(locations)s::text[]) AS good (inventory_item_id, location_id)
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = good.inventory_item_id
    AND level.location_id = good.location_id
