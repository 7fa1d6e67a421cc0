-- A restock's products, and the kits that hold them, are pushed although their category may be held; the products
-- themselves are held from now on if the shop wants that.
-- Reads scheduled_restock, shipment_item, shopify_shop, product_assoc; writes released_product,
-- product_category_member.
WITH launched AS (
    SELECT DISTINCT
        restock.shop_id,
        item.product_id
    FROM scheduled_restock AS restock
    INNER JOIN shipment_item AS item ON restock.shipment_id = item.shipment_id AND item.quantity > 0
    WHERE restock.shipment_id = %(shipment_id)s
),

held AS (
    INSERT INTO product_category_member (product_category_id, product_id, from_date, thru_date)
    SELECT
        shop.held_category_id,
        launched.product_id,
        %(now)s,
        %(now)s + shop.launch_hold
    FROM launched
    INNER JOIN shopify_shop AS shop ON launched.shop_id = shop.shop_id
    WHERE shop.held_category_id IS NOT NULL AND shop.launch_hold > '0'
    ON CONFLICT DO NOTHING
)

INSERT INTO released_product (shop_id, product_id, shipment_id)
SELECT
    launched.shop_id,
    with_kits_above(array_agg(launched.product_id)),
    %(shipment_id)s
FROM launched
GROUP BY launched.shop_id
ON CONFLICT (shop_id, product_id) DO UPDATE SET shipment_id = excluded.shipment_id
