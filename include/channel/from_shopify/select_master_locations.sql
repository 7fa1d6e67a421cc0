-- The locations of a shop where Shopify is master: where their orders reserve, and how many other facilities they show.
-- Reads inventory_channel, facility, facility_group_member.
SELECT
    channel.location_id,
    facility.facility_id,
    facility.facility_type_id,
    (
        SELECT count(DISTINCT member.facility_id)::integer
        FROM facility_group_member AS member
        WHERE
            member.facility_group_id = channel.facility_group_id
            AND member.facility_id <> facility.facility_id
            AND member.from_date <= now() AND member.thru_date > now()
    ) AS others
FROM inventory_channel AS channel
INNER JOIN facility ON channel.queue_facility_id = facility.facility_id
WHERE
    channel.shop_id = %(shop_id)s
    AND channel.inventory_master = 'SHOPIFY'
    AND channel.from_date <= now() AND channel.thru_date > now()
ORDER BY channel.location_id
