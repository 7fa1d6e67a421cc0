-- What keeps a restock out of its shop: products that it does not have, a facility that none of its locations sells
-- from.
-- Reads scheduled_restock, shipment_item, shopify_shop_product, inventory_channel, facility_group_member.
SELECT
    restock.facility_id,
    restock.shop_id,
    array(
        SELECT item.product_id::text
        FROM shipment_item AS item
        WHERE
            item.shipment_id = restock.shipment_id AND item.quantity > 0
            AND NOT EXISTS (
                SELECT FROM shopify_shop_product AS mapped
                WHERE mapped.shop_id = restock.shop_id AND mapped.product_id = item.product_id
            )
        ORDER BY item.product_id
    ) AS missing_products,
    (
        SELECT count(*) > 0
        FROM inventory_channel AS channel
        INNER JOIN facility_group_member AS member ON channel.facility_group_id = member.facility_group_id
        WHERE
            channel.shop_id = restock.shop_id AND member.facility_id = restock.facility_id
            AND channel.from_date <= restock.scheduled_at AND channel.thru_date > restock.scheduled_at
            AND member.from_date <= restock.scheduled_at AND member.thru_date > restock.scheduled_at
    ) AS is_sold_from
FROM scheduled_restock AS restock
WHERE restock.shipment_id = %(shipment_id)s
