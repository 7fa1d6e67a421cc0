-- Orders as a whole: which version of each was imported; what was put back into stock; how long the ERP takes to know.
CREATE TABLE shopify_order (
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    order_id identifier NOT NULL,
    order_name text NOT NULL,
    processed_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, shop_id)
);
COMMENT ON TABLE shopify_order IS 'Which version of each order was imported.';
COMMENT ON COLUMN shopify_order.updated_at IS
'Of the version imported, by Shopify''s clock. An older version that comes later is left out.';
COMMENT ON COLUMN shopify_order.processed_at IS
'When it was sold, which at a till without a connection is before Shopify heard of it.';

-- Nobody knows which version was imported of an order before: any that comes is newer.
INSERT INTO shopify_order (shop_id, order_id, order_name, updated_at)
SELECT
    shop_id,
    order_id,
    min(order_name),
    timestamptz '1970-01-01Z'
FROM shopify_order_line
GROUP BY shop_id, order_id;

ALTER TABLE shopify_order_item
ADD COLUMN returned integer NOT NULL DEFAULT 0,
ADD COLUMN returned_at timestamptz,
ADD COLUMN taken_back integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN shopify_order_item.returned IS
'Units that Shopify has put back into available at the location, although they had left.';
COMMENT ON COLUMN shopify_order_item.returned_at IS 'When the latest of them were put back, by Shopify''s clock.';
COMMENT ON COLUMN shopify_order_item.taken_back IS
'How many of returned the ledger has dealt with: at a store they are its stock again; online, the ERP says where.';

ALTER TABLE shopify_order_movement ADD COLUMN returned_diff integer NOT NULL DEFAULT 0;

DROP INDEX shopify_order_item_shop_id_order_id_idx;
CREATE INDEX ON shopify_order_item (shop_id, order_id)
WHERE
issued <> greatest(fulfilled, completed) OR reserved <> greatest(taken, issued) OR taken_back <> returned;

ALTER TABLE shopify_shop
ADD COLUMN first_orders_read_through timestamptz,
ADD COLUMN sales_reach_erp_after interval;
COMMENT ON COLUMN shopify_shop.orders_read_through IS
'Newest updatedAt, by Shopify''s clock, up to which orders were imported. Each import compares the versions of what
changed well before it. NULL until the first import has come to its end.';
COMMENT ON COLUMN shopify_shop.first_orders_read_through IS
'How far the first import has come, while it is under way.';
COMMENT ON COLUMN shopify_shop.sales_reach_erp_after IS
'How long after a sale its stock is missing in what the ERP reports of the store. NULL: not known; then a snapshot is
not believed to know of a sale before Trueup does.';

CREATE TABLE shopify_order_item_component (
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    order_id identifier NOT NULL,
    inventory_item_id identifier NOT NULL,
    component_id identifier NOT NULL REFERENCES product,
    quantity numeric NOT NULL,
    PRIMARY KEY (order_id, shop_id, inventory_item_id, component_id)
);
COMMENT ON TABLE shopify_order_item_component IS
'What one unit of an ordered kit takes from stock, as it was when Trueup first dealt with it: what was reserved by one
content of the kit is released and issued by the same.';
