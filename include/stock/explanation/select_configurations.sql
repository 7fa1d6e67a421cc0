-- A channel's own settings for a product: at the facility that it names, and at configurations that are members of its
-- group. Reads inventory_channel, shopify_shop, facility_group_member, product_store_facility, facility,
-- product_facility.
SELECT
    rule.facility_id,
    rule.minimum_stock AS threshold,
    rule.allow_brokering
FROM inventory_channel AS channel
INNER JOIN shopify_shop AS shop ON channel.shop_id = shop.shop_id
INNER JOIN product_facility AS rule ON rule.product_id = %(product_id)s
INNER JOIN facility ON rule.facility_id = facility.facility_id
WHERE
    channel.inventory_channel_id = %(inventory_channel_id)s
    AND (
        rule.facility_id = channel.configuration_facility_id
        OR (
            facility.facility_type_id = 'CONFIGURATION'
            AND EXISTS (
                SELECT
                FROM facility_group_member AS member
                WHERE
                    member.facility_group_id = channel.facility_group_id
                    AND member.facility_id = rule.facility_id
                    AND member.from_date <= now() AND member.thru_date > now()
            )
            AND (
                shop.product_store_id IS NULL
                OR EXISTS (
                    SELECT
                    FROM product_store_facility AS sells_from
                    WHERE
                        sells_from.product_store_id = shop.product_store_id
                        AND sells_from.facility_id = rule.facility_id
                        AND sells_from.from_date <= now() AND sells_from.thru_date > now()
                )
            )
        )
    )
ORDER BY rule.facility_id
