-- These rows were looked at and stay in quarantine, twice as long as before. Writes inventory_level.
UPDATE inventory_level AS level
SET quarantined_at = now(), quarantine_tries = level.quarantine_tries + 1
FROM unnest(%(items)s::text[], %(locations)s::text[]) AS bad (inventory_item_id, location_id)
WHERE
    level.shop_id = %(shop_id)s
    AND level.inventory_item_id = bad.inventory_item_id
    AND level.location_id = bad.location_id
