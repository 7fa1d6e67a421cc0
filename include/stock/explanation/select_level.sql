-- The product of a level and what it is in the shop, and the level's channel with the settings of its store.
-- Reads product, good_identification, shopify_shop_product, held_product, shopify_shop, product_store,
-- inventory_channel, facility_group.
SELECT
    product.product_id,
    (
        SELECT min(sku.id_value)
        FROM good_identification AS sku
        WHERE sku.product_id = product.product_id AND sku.good_identification_type_id = 'SKU'
    ) AS sku,
    product.internal_name,
    shop_product.inventory_item_id,
    product.is_kit,
    coalesce(shop_product.is_bundle, FALSE) AS is_bundle,
    product.product_id IN (SELECT held.product_id FROM held_product AS held WHERE held.shop_id = shop.shop_id)
        AS is_held,
    channel.inventory_channel_id,
    channel.from_date <= now() AND channel.thru_date > now() AS is_mapped,
    channel.facility_group_id,
    channel_group.facility_group_name,
    channel.queue_facility_id,
    shop.product_store_id,
    channel.use_valid_atp AND coalesce(store.reserve_inventory, TRUE) AS deducts,
    coalesce(store.hold_pre_order_physical_inventory, FALSE) AS holds,
    shop.keeps_kit_numbers,
    channel.inventory_master,
    now() AS explained_at
FROM product
INNER JOIN inventory_channel AS channel ON channel.inventory_channel_id = %(inventory_channel_id)s
INNER JOIN facility_group AS channel_group ON channel.facility_group_id = channel_group.facility_group_id
INNER JOIN shopify_shop AS shop ON channel.shop_id = shop.shop_id
LEFT JOIN product_store AS store ON shop.product_store_id = store.product_store_id
LEFT JOIN shopify_shop_product AS shop_product
    ON shop.shop_id = shop_product.shop_id AND product.product_id = shop_product.product_id
WHERE product.product_id = %(product_id)s
