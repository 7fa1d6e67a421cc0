-- Restocks with a run each, new launches that the delta push leaves alone, what is incoming, and variances for the ERP.
ALTER TABLE scheduled_restock
ADD COLUMN run_number integer NOT NULL DEFAULT 0,
ADD COLUMN run_started_at timestamptz;
COMMENT ON COLUMN scheduled_restock.run_number IS
'How many runs of schedule_restock were meant for it: the last one is restock__<shipment_id>__<run_number>.';
COMMENT ON COLUMN scheduled_restock.run_started_at IS
'When the last of them was meant to start; NULL where another one may follow at once.';

CREATE TABLE product_category (
    product_category_id identifier PRIMARY KEY,
    description text NOT NULL
);
INSERT INTO product_category (product_category_id, description) VALUES
('NEW_LAUNCHED_PROD', 'New launches: the delta push leaves them alone');

CREATE TABLE product_category_member (
    product_category_id identifier NOT NULL REFERENCES product_category,
    product_id identifier NOT NULL REFERENCES product,
    from_date timestamptz NOT NULL DEFAULT now(),
    thru_date timestamptz NOT NULL DEFAULT 'infinity' CHECK (thru_date > from_date),
    PRIMARY KEY (product_category_id, product_id, from_date)
);

ALTER TABLE shopify_shop
ADD COLUMN held_category_id identifier DEFAULT 'NEW_LAUNCHED_PROD' REFERENCES product_category,
ADD COLUMN launch_hold interval NOT NULL DEFAULT '0' CHECK (launch_hold >= '0');
COMMENT ON COLUMN shopify_shop.held_category_id IS
'Products of this category are left out of the delta push while they are in it; NULL: none are. What has gathered goes
out in the first push after that.';
COMMENT ON COLUMN shopify_shop.launch_hold IS
'How long the products of a restock are in held_category_id from its moment on; 0: not at all.';

CREATE TABLE released_product (
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    product_id identifier NOT NULL REFERENCES product,
    shipment_id identifier NOT NULL REFERENCES scheduled_restock,
    PRIMARY KEY (shop_id, product_id)
);
COMMENT ON TABLE released_product IS
'Products of a restock that was received, until the shop shows it: they are pushed although their category is held.';

CREATE VIEW held_product AS
SELECT
    shop.shop_id,
    member.product_id
FROM shopify_shop AS shop
INNER JOIN product_category_member AS member ON shop.held_category_id = member.product_category_id
WHERE
    member.from_date <= now() AND member.thru_date > now()
    AND NOT EXISTS (
        SELECT FROM released_product AS released
        WHERE released.shop_id = shop.shop_id AND released.product_id = member.product_id
    );
COMMENT ON VIEW held_product IS 'What the delta push leaves out, by shop.';

CREATE FUNCTION expected_arrival(attributes jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(as_moment(each.value, 'UTC'), as_moment(concat(each.value, ' 00:00'), 'UTC'))
FROM jsonb_each_text(attributes) AS each
WHERE upper(each.key) IN ('ESTIMATED_ARRIVAL_DATE', 'EXPECTED_DATE')
ORDER BY each.key DESC
LIMIT 1
$$;
COMMENT ON FUNCTION expected_arrival IS
'When a shipment is expected, by its attribute ESTIMATED_ARRIVAL_DATE or EXPECTED_DATE: a date, or a date and time; in
UTC where it names no time zone. NULL where it does not say.';

CREATE VIEW incoming_item AS
SELECT
    item.product_id,
    shipment.destination_facility_id AS facility_id,
    item.shipment_id,
    item.shipment_item_seq_id,
    shipment.external_id,
    shipment.shipment_type_id,
    shipment.status_id,
    shipment.origin_facility_id,
    item.quantity,
    item.accepted,
    item.rejected,
    item.open_quantity,
    coalesce(restock.scheduled_at, expected_arrival(shipment.attributes)) AS expected_at
FROM shipment_item_open AS item
INNER JOIN shipment ON item.shipment_id = shipment.shipment_id
INNER JOIN shipment_type AS kind ON shipment.shipment_type_id = kind.shipment_type_id AND kind.is_incoming
LEFT JOIN scheduled_restock AS restock ON shipment.shipment_id = restock.shipment_id
WHERE shipment.status_id NOT IN ('PURCH_SHIP_RECEIVED', 'SHIPMENT_CANCELLED') AND item.open_quantity > 0;
COMMENT ON VIEW incoming_item IS
'Items on their way to a facility: what was shipped, what of it has come, what is still open and when it is expected.';

CREATE VIEW incoming_quantity AS
SELECT
    product_id,
    facility_id,
    sum(open_quantity) AS open_quantity,
    min(expected_at) AS next_expected_at,
    count(DISTINCT shipment_id) AS shipments
FROM incoming_item
GROUP BY product_id, facility_id;
COMMENT ON VIEW incoming_quantity IS 'What is on its way, per product and facility. It is no stock.';

CREATE TABLE variance_feed (
    variance_feed_id identifier PRIMARY KEY,
    property_resource text NOT NULL DEFAULT 'FTP_CONFIG',
    export_path text NOT NULL,
    columns text[] NOT NULL,
    product_id_type text NOT NULL DEFAULT 'NETSUITE_PRODUCT_ID',
    adjustment_account text,
    subsidiary text,
    time_zone text NOT NULL DEFAULT 'UTC',
    date_format text NOT NULL DEFAULT 'FMMM/FMDD/YYYY',
    export_from timestamptz NOT NULL DEFAULT now(),
    rows_per_file integer NOT NULL DEFAULT 1000 CHECK (rows_per_file > 0)
);
COMMENT ON TABLE variance_feed IS
'How changes of stock that the ERP does not know of are told to it. Each is told once, by one feed.';
COMMENT ON COLUMN variance_feed.property_resource IS 'Airflow connection of the SFTP server.';
COMMENT ON COLUMN variance_feed.export_path IS 'Folder on the SFTP server, relative to the login folder.';
COMMENT ON COLUMN variance_feed.columns IS 'The columns of the file, in order; docs/restocks.md says which there are.';
COMMENT ON COLUMN variance_feed.product_id_type IS 'How the file names a product.';
COMMENT ON COLUMN variance_feed.adjustment_account IS 'The internal id of the account that NetSuite books them on.';
COMMENT ON COLUMN variance_feed.time_zone IS 'Of the dates in the file.';
COMMENT ON COLUMN variance_feed.date_format IS 'As to_char of Postgres has it.';
COMMENT ON COLUMN variance_feed.export_from IS
'What took effect before this moment is not told: the ERP''s numbers have it already.';
INSERT INTO variance_feed (variance_feed_id, export_path, columns) VALUES
('INV_VARIANCE', 'netsuite/inventoryadjustment/csv', ARRAY[
    'Reference No', 'Adjustment Account', 'Item', 'Adjust Qty By', 'Location', 'Date', 'Memo', 'Subsidiary',
    'HC Inventory Adj Id'
]);

ALTER TABLE data_manager_config ADD COLUMN is_told_to_erp boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN data_manager_config.is_told_to_erp IS
'Whether what the feed''s files change is new to the ERP, so that it is told: not where the files come from there.';
UPDATE data_manager_config SET is_told_to_erp = TRUE WHERE config_id IN ('REC_INV_COUNT', 'MDM_INV_VARIANCE');

ALTER TABLE variance_reason ADD COLUMN is_told_to_erp boolean NOT NULL DEFAULT TRUE;
COMMENT ON COLUMN variance_reason.is_told_to_erp IS
'Whether the ERP is told of variances with this reason: not where it hears of them in another way.';
UPDATE variance_reason SET is_told_to_erp = FALSE WHERE variance_reason_id IN (
    'POS_SALE', 'SHOPIFY_POS_SALE', 'RTN_ITM_RCPT', 'VAR_TRFR_ORD_SHIPPED', 'VAR_EXT_RESET', 'VAR_INTEGR',
    'VAR_SHIP_RECV', 'VAR_SCH_SHIP_RECV'
);

-- What the ERP is never told of is most of the ledger: what it said itself, orders, receipts.
CREATE INDEX inventory_item_detail_variance ON inventory_item_detail (inventory_item_detail_id)
WHERE reason_enum_id NOT IN (
    'VAR_EXT_RESET', 'VAR_INTEGR', 'VAR_SHIP_RECV', 'VAR_SCH_SHIP_RECV', 'INV_RES_CREATE', 'INV_RES_RELEASE',
    'ITEM_ISSUANCE'
);
CREATE INDEX shipment_receipt_rejected ON shipment_receipt (shipment_receipt_id) WHERE quantity_rejected > 0;

CREATE TABLE variance_file (
    variance_file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variance_feed_id identifier NOT NULL REFERENCES variance_feed,
    property_resource text NOT NULL,
    remote_file_path text NOT NULL UNIQUE,
    content bytea NOT NULL,
    record_count integer NOT NULL CHECK (record_count > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    uploaded_at timestamptz
);
CREATE INDEX ON variance_file (variance_file_id) WHERE uploaded_at IS NULL;
COMMENT ON COLUMN variance_file.content IS 'The bytes of the file, frozen: whenever it is uploaded, it is these.';

CREATE TABLE exported_variance (
    variance_file_id bigint NOT NULL REFERENCES variance_file,
    line_number integer NOT NULL,
    inventory_item_detail_id bigint UNIQUE,
    shipment_receipt_id bigint UNIQUE REFERENCES shipment_receipt,
    PRIMARY KEY (variance_file_id, line_number),
    CHECK (num_nonnulls(inventory_item_detail_id, shipment_receipt_id) = 1)
);
COMMENT ON TABLE exported_variance IS
'What the ERP has been told: rows of the ledger, and receipts of which units were rejected. Each once.';
