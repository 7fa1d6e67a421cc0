-- How many units a plan takes away from each location, and how many that shows. Only large plans are asked about.
-- Reads chosen_row, inventory_level.
SELECT
    level.location_id,
    sum(greatest(level.position, 0)) AS shown,
    sum(greatest(level.position, 0) - greatest(level.position + least(coalesce(chosen.delta, 0), 0), 0)) AS vanishing
FROM inventory_level AS level
LEFT JOIN chosen_row AS chosen
    ON level.inventory_item_id = chosen.inventory_item_id AND level.location_id = chosen.location_id
WHERE level.shop_id = %(shop_id)s AND level.position IS NOT NULL
GROUP BY level.location_id
ORDER BY level.location_id
