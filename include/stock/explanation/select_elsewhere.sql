-- Stores and warehouses outside of the channel's group that have something of the product available; a kit has nothing.
-- Reads product, inventory_item, facility, facility_group_member, inventory_channel.
SELECT
    count(*) AS facilities,
    coalesce(sum(item.available_to_promise_total), 0) AS available_to_promise
FROM inventory_item AS item
INNER JOIN product ON item.product_id = product.product_id AND NOT product.is_kit
INNER JOIN facility
    ON item.facility_id = facility.facility_id AND facility.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE')
WHERE
    item.product_id = %(product_id)s AND item.available_to_promise_total <> 0
    AND NOT EXISTS (
        SELECT
        FROM facility_group_member AS member
        INNER JOIN inventory_channel AS channel ON member.facility_group_id = channel.facility_group_id
        WHERE channel.inventory_channel_id = %(inventory_channel_id)s AND member.facility_id = item.facility_id
    )
