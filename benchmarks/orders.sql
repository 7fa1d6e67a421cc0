-- A shop with one online location, and orders of two items each that wait for their fulfilment; their units are
-- reserved in the location's queue. Writes facility, shopify_shop, facility_group, facility_group_member,
-- inventory_channel, shopify_shop_product, shopify_order_line, shopify_order_item, inventory_item_detail,
-- inventory_item.
INSERT INTO facility (facility_id, facility_name, facility_type_id) VALUES ('QUEUE', 'Orders', 'VIRTUAL_FACILITY');

INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('demo', 'demo.myshopify.com', 'demo');

INSERT INTO facility_group (facility_group_id, facility_group_name) VALUES ('ONLINE', 'Online');

INSERT INTO facility_group_member (facility_group_id, facility_id)
SELECT
    'ONLINE',
    facility_id
FROM facility
WHERE facility_type_id = 'RETAIL_STORE';

INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id, queue_facility_id)
VALUES ('ONLINE', 'demo', 'gid://shopify/Location/1', 'ONLINE', 'QUEUE');

INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id)
SELECT
    'demo',
    product_id,
    'gid://shopify/InventoryItem/' || product_id
FROM product;

CREATE TEMP TABLE ordered AS
SELECT
    'gid://shopify/Order/' || 5000000 + each.number / 2 AS order_id,
    '#' || 1000 + each.number / 2 AS order_name,
    '0000' || 1 + mod(each.number, 2) AS order_item_seq_id,
    each.number,
    product.product_id,
    'gid://shopify/InventoryItem/' || product.product_id AS inventory_item_id
FROM generate_series(0, %(rows)s - 1) AS each (number)
INNER JOIN product ON product.product_id = (100000 + mod(each.number, %(products)s))::text;

INSERT INTO shopify_order_line (
    shop_id, order_id, order_item_seq_id, line_item_id, inventory_item_id, quantity, order_name
)
SELECT
    'demo',
    order_id,
    order_item_seq_id,
    'gid://shopify/LineItem/' || number,
    inventory_item_id,
    1,
    order_name
FROM ordered;

INSERT INTO shopify_order_item (
    shop_id, order_id, inventory_item_id, location_id, taken, fulfilled, queue_facility_id, reserved, reserved_at
)
SELECT
    'demo',
    order_id,
    inventory_item_id,
    'gid://shopify/Location/1',
    1,
    0,
    'QUEUE',
    1,
    now()
FROM ordered;

INSERT INTO inventory_item_detail (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, order_id, effective_at
)
SELECT
    product_id,
    'QUEUE',
    0,
    -1,
    'ORDER_RESERVED',
    order_id,
    now()
FROM ordered;

INSERT INTO inventory_item (product_id, facility_id, quantity_on_hand_total, available_to_promise_total)
SELECT
    product_id,
    'QUEUE',
    0,
    -count(*)
FROM ordered
GROUP BY product_id
