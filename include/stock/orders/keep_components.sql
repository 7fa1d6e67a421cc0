-- What kits consist of is kept with each order that is about to reserve or issue them, once.
-- Reads shopify_order_item, shopify_shop_product, product, product_assoc; writes shopify_order_item_component.
INSERT INTO shopify_order_item_component (shop_id, order_id, inventory_item_id, component_id, quantity)
SELECT
    ordered.shop_id,
    ordered.order_id,
    ordered.inventory_item_id,
    component.component_id,
    component.quantity
FROM (
    SELECT DISTINCT
        item.shop_id,
        item.order_id,
        item.inventory_item_id,
        kit.product_id
    FROM shopify_order_item AS item
    INNER JOIN shopify_shop_product AS mapped
        ON item.shop_id = mapped.shop_id AND item.inventory_item_id = mapped.inventory_item_id
    INNER JOIN product AS kit ON mapped.product_id = kit.product_id AND kit.is_kit
    WHERE
        (
            item.issued <> greatest(item.fulfilled, item.completed)
            OR item.reserved <> greatest(item.taken, item.issued)
            OR item.taken_back <> item.returned
        )
        AND NOT EXISTS (
            SELECT
            FROM shopify_order_item_component AS known
            WHERE
                known.shop_id = item.shop_id
                AND known.order_id = item.order_id
                AND known.inventory_item_id = item.inventory_item_id
        )
        -- What was reserved before it became a kit goes on as what it was.
        AND NOT EXISTS (
            SELECT
            FROM shopify_order_item AS reserved
            WHERE
                reserved.shop_id = item.shop_id
                AND reserved.order_id = item.order_id
                AND reserved.inventory_item_id = item.inventory_item_id
                AND reserved.reserved_at IS NOT NULL
        )
) AS ordered
CROSS JOIN LATERAL kit_component_of(ordered.product_id) AS component
