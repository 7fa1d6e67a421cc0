-- How many units a plan takes away from each location, and how many that shows. Only large plans are asked about.
-- A level that was never seen shows nothing, and one that stays loses nothing: least and greatest leave out NULL.
-- Reads chosen_row, inventory_level.
SELECT
    level.location_id,
    sum(greatest(level.position, 0)) AS shown,
    sum(greatest(level.position, 0) - greatest(level.position + least(chosen.delta, 0), 0)) AS vanishing
FROM inventory_level AS level
LEFT JOIN chosen_row AS chosen
    ON level.inventory_item_id = chosen.inventory_item_id AND level.location_id = chosen.location_id
WHERE level.shop_id = %(shop_id)s
GROUP BY level.location_id
ORDER BY level.location_id
