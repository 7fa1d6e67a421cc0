-- A plan as people read it. Reads chosen_row, inventory_level, good_identification, outbox_plan.
SELECT
    sku.id_value AS sku,
    level.product_id,
    level.inventory_item_id,
    level.location_id AS location,
    level.target,
    level.position,
    chosen.delta,
    chosen.shopify_reason AS reason
FROM chosen_row AS chosen
INNER JOIN inventory_level AS level
    ON
        level.shop_id = %(shop_id)s
        AND chosen.inventory_item_id = level.inventory_item_id
        AND chosen.location_id = level.location_id
LEFT JOIN LATERAL (
    SELECT good.id_value
    FROM good_identification AS good
    WHERE good.product_id = level.product_id AND good.good_identification_type_id = 'SKU'
    ORDER BY good.id_value
    LIMIT 1
) AS sku ON TRUE
ORDER BY abs(chosen.delta) DESC, chosen.location_id ASC, chosen.inventory_item_id ASC
