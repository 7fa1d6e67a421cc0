-- A catalogue of so many products at nine stores, each shown at its own location and all together online; one product in
-- ten has a threshold, one in five safety stock at one store. The last products are kits of three of the first ones.
-- Writes facility, facility_group, facility_group_member, shopify_shop, inventory_channel, product, shopify_shop_product,
-- inventory_item, product_facility, product_assoc.
INSERT INTO facility (facility_id, facility_name, facility_type_id)
SELECT
    'STORE_' || number,
    'Store ' || number,
    'RETAIL_STORE'
FROM generate_series(1, 9) AS each (number)
UNION ALL
VALUES ('_NA_', 'Brokering queue', 'VIRTUAL_FACILITY'), ('CONFIG', 'Online channel', 'CONFIGURATION');

INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('demo', 'demo.myshopify.com', 'shopify_demo');

INSERT INTO facility_group (facility_group_id, facility_group_name)
SELECT
    facility_id,
    facility_name
FROM facility
WHERE facility_type_id IN ('RETAIL_STORE', 'CONFIGURATION');

INSERT INTO facility_group_member (facility_group_id, facility_id)
SELECT
    facility_group.facility_group_id,
    facility.facility_id
FROM facility
INNER JOIN facility_group ON facility_group.facility_group_id IN (facility.facility_id, 'CONFIG')
WHERE facility.facility_type_id = 'RETAIL_STORE';

INSERT INTO inventory_channel (
    inventory_channel_id, shop_id, location_id, facility_group_id, queue_facility_id, configuration_facility_id
)
SELECT
    facility_group_id,
    'demo',
    'gid://shopify/Location/' || facility_group_id,
    facility_group_id,
    CASE WHEN facility_group_id = 'CONFIG' THEN '_NA_' ELSE facility_group_id END,
    CASE WHEN facility_group_id = 'CONFIG' THEN 'CONFIG' END
FROM facility_group;

INSERT INTO product (product_id, internal_name, product_type_id)
SELECT
    number::text,
    'Product ' || number,
    CASE WHEN number > 100000 + %(products)s - %(kits)s THEN 'MARKETING_PKG_PICK' ELSE 'FINISHED_GOOD' END
FROM generate_series(100001, 100000 + %(products)s) AS each (number);

INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id)
SELECT
    'demo',
    product_id,
    'gid://shopify/InventoryItem/' || 46730119000000 + product_id::bigint
FROM product;

INSERT INTO inventory_item (product_id, facility_id, quantity_on_hand_total, available_to_promise_total)
SELECT
    product.product_id,
    facility.facility_id,
    units.number,
    units.number
FROM product
CROSS JOIN facility
CROSS JOIN LATERAL (SELECT abs(hashtext(product.product_id || facility.facility_id)) %% 90 - 2 AS number) AS units
WHERE facility.facility_type_id = 'RETAIL_STORE' AND NOT product.is_kit
ORDER BY product.product_id, facility.facility_id;

INSERT INTO product_facility (product_id, facility_id, minimum_stock)
SELECT
    product_id,
    'CONFIG',
    3
FROM product
WHERE hashtext(product_id) %% 10 = 0
UNION ALL
SELECT
    product_id,
    'STORE_' || abs(hashtext(product_id)) %% 9 + 1,
    2
FROM product
WHERE hashtext(product_id) %% 5 = 1;

INSERT INTO product_assoc (product_id, product_id_to, quantity)
SELECT
    kit.product_id,
    (100001 + (kit.product_id::bigint * 7 + part.number * 1009) %% %(made_of)s)::text,
    part.number
FROM product AS kit
CROSS JOIN generate_series(1, 3) AS part (number)
WHERE kit.is_kit
ON CONFLICT DO NOTHING;

TRUNCATE dirty_product
