-- The orders that hold units of the product at facilities, those that reserved first at the top.
-- Reads shopify_shop_product, shopify_order_item, shopify_order_line.
SELECT
    item.order_id,
    (
        SELECT min(line.order_name)
        FROM shopify_order_line AS line
        WHERE line.order_id = item.order_id AND line.shop_id = item.shop_id
    ) AS order_name,
    sum(item.reserved - item.issued)::integer AS quantity
FROM shopify_shop_product AS shop_product
INNER JOIN shopify_order_item AS item
    ON shop_product.shop_id = item.shop_id AND shop_product.inventory_item_id = item.inventory_item_id
WHERE
    shop_product.product_id = %(product_id)s
    AND item.queue_facility_id = any(%(facility_ids)s::text[]) AND item.reserved > item.issued
GROUP BY item.shop_id, item.order_id
ORDER BY min(item.reserved_at) ASC NULLS FIRST, item.order_id ASC
LIMIT %(most)s
