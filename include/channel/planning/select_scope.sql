-- The locations of a shop that a sync job's parameters leave in. Reads inventory_channel, facility_group_member.
SELECT channel.location_id
FROM inventory_channel AS channel
WHERE
    channel.shop_id = %(shop_id)s
    AND channel.from_date <= now() AND channel.thru_date > now()
    AND channel.inventory_master = 'OMS'
    AND (%(facility_group_id)s::text IS NULL OR channel.facility_group_id = %(facility_group_id)s)
    AND (
        %(shopify_facility_group_id)s::text IS NULL
        OR EXISTS (
            SELECT
            FROM facility_group_member AS member
            WHERE
                member.facility_group_id = %(shopify_facility_group_id)s
                AND member.facility_id = channel.queue_facility_id
                AND member.from_date <= now() AND member.thru_date > now()
        )
    )
    AND channel.queue_facility_id NOT IN (SELECT unnest(%(exclude_facility_ids)s::text[]))
ORDER BY channel.location_id
