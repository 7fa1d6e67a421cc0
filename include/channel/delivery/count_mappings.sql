-- The locations that a shop's levels are mapped to now, how often each, and whether Trueup is their master.
-- Reads inventory_channel.
SELECT
    location_id,
    count(*) AS mappings,
    bool_and(inventory_master = 'OMS') AS is_ours
FROM inventory_channel
WHERE shop_id = %(shop_id)s AND from_date <= now() AND thru_date > now()
GROUP BY location_id
ORDER BY location_id
