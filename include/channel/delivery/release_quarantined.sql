-- What kept these rows in quarantine has been put right: they are planned again. Writes inventory_level.
UPDATE inventory_level AS level
SET quarantine_reason = NULL
FROM unnest(%(items)s::text[], %(locations)s::text[]) AS well (inventory_item_id, location_id)
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = well.inventory_item_id
    AND level.location_id = well.location_id
