-- Every facility that is, was or will be a member of the channel's group. Configurations are no places.
-- Reads inventory_channel, shopify_shop, facility_group_member, product_store_facility, facility.
SELECT
    facility.facility_id,
    facility.facility_name,
    facility.facility_type_id,
    facility.external_id,
    member.is_member,
    member.from_date AS member_from,
    member.thru_date AS member_thru,
    member.product_store_id IS NULL OR EXISTS (
        SELECT
        FROM product_store_facility AS sells_from
        WHERE
            sells_from.product_store_id = member.product_store_id
            AND sells_from.facility_id = facility.facility_id
            AND sells_from.from_date <= now() AND sells_from.thru_date > now()
    ) AS is_of_store
FROM (
    SELECT
        period.facility_id,
        shop.product_store_id,
        bool_or(period.from_date <= now() AND period.thru_date > now()) AS is_member,
        min(period.from_date) FILTER (WHERE period.from_date > now() AND isfinite(period.from_date)) AS from_date,
        max(period.thru_date) FILTER (WHERE period.thru_date <= now() AND isfinite(period.thru_date)) AS thru_date
    FROM facility_group_member AS period
    INNER JOIN inventory_channel AS channel ON period.facility_group_id = channel.facility_group_id
    INNER JOIN shopify_shop AS shop ON channel.shop_id = shop.shop_id
    WHERE channel.inventory_channel_id = %(inventory_channel_id)s
    GROUP BY period.facility_id, shop.product_store_id
) AS member
INNER JOIN facility ON member.facility_id = facility.facility_id AND facility.facility_type_id <> 'CONFIGURATION'
ORDER BY facility.facility_id
