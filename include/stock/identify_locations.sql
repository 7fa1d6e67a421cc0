-- The locations of a shop, each by the mapping that holds now, or else the newest. Reads inventory_channel.
SELECT DISTINCT ON (location_id)
    location_id,
    inventory_channel_id,
    from_date <= now() AND thru_date > now() AS is_mapped
FROM inventory_channel
WHERE shop_id = %(shop_id)s
ORDER BY location_id ASC, is_mapped DESC, from_date DESC
