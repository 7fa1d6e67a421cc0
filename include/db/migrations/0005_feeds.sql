-- Feeds by configuration: what reads a file, when it is whole, what its numbers mean, and what is tried again.
ALTER TABLE data_manager_config
ADD COLUMN import_service_name text NOT NULL DEFAULT 'reset_inventory',
ADD COLUMN property_resource text NOT NULL DEFAULT 'FTP_CONFIG',
ADD COLUMN error_policy text NOT NULL DEFAULT 'GOOD_ROWS' CHECK (error_policy IN ('GOOD_ROWS', 'ALL_OR_NOTHING')),
ADD COLUMN arrival text NOT NULL DEFAULT 'STABLE' CHECK (arrival IN ('STABLE', 'RENAMED', 'DONE_FILE')),
ADD COLUMN set_pattern text,
ADD COLUMN encoding text NOT NULL DEFAULT 'UTF-8'
CHECK (encoding IN ('UTF-8', 'LATIN-1', 'WINDOWS-1252', 'UTF-16LE', 'UTF-16BE')),
ADD COLUMN event_time text NOT NULL DEFAULT 'FILE' CHECK (event_time IN ('FILE', 'ARRIVAL')),
ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC',
ADD COLUMN day_first boolean NOT NULL DEFAULT FALSE,
ADD COLUMN quiet_after interval,
ADD COLUMN notify_on_failure boolean NOT NULL DEFAULT TRUE,
ADD COLUMN reset_by text NOT NULL DEFAULT 'ATP' CHECK (reset_by IN ('ATP', 'QOH', 'COUNT')),
ADD COLUMN reason_enum_id text NOT NULL DEFAULT 'VAR_EXT_RESET',
ADD COLUMN below_zero text NOT NULL DEFAULT 'ALLOWED' CHECK (below_zero IN ('ALLOWED', 'REFUSED'));
ALTER TABLE data_manager_config ALTER COLUMN import_service_name DROP DEFAULT;
COMMENT ON COLUMN data_manager_config.import_service_name IS 'The module in include/intake/feeds that reads the file.';
COMMENT ON COLUMN data_manager_config.property_resource IS 'Airflow connection of the SFTP server with the folder.';
COMMENT ON COLUMN data_manager_config.file_name_pattern IS
'Which names belong to the feed, in any case: * and ? as in a shell, several patterns with | between them.';
COMMENT ON COLUMN data_manager_config.error_policy IS
'GOOD_ROWS applies the good rows of a file with bad ones; ALL_OR_NOTHING applies none of them.';
COMMENT ON COLUMN data_manager_config.arrival IS
'When a file is whole: STABLE once size and time hold still; RENAMED as soon as it is there, because it is uploaded
under a name that the pattern does not match and renamed at the end; DONE_FILE once NAME.done lies beside it.';
COMMENT ON COLUMN data_manager_config.set_pattern IS
'Regular expression by which the parts of a file that was cut know each other: groups name, part and parts. The parts
are taken together, once all are there. NULL: every file stands for itself.';
COMMENT ON COLUMN data_manager_config.event_time IS
'FILE: a file speaks of the moment that it was made; ARRIVAL: of the moment that it is processed, as in HotWax.';
COMMENT ON COLUMN data_manager_config.time_zone IS 'Of dates and times in file names and rows that name none.';
COMMENT ON COLUMN data_manager_config.day_first IS 'Whether 7/8/2026 is the seventh of August.';
COMMENT ON COLUMN data_manager_config.quiet_after IS
'A feed from which no file came for so long is reported; NULL: never.';
COMMENT ON COLUMN data_manager_config.reset_by IS
'What a reset sets where the row does not say: ATP, QOH, or QOH as the result of a COUNT.';
COMMENT ON COLUMN data_manager_config.reason_enum_id IS 'Reason in the ledger where the row names none.';
COMMENT ON COLUMN data_manager_config.below_zero IS 'Whether a delta may take quantity on hand below zero.';

UPDATE data_manager_config
SET set_pattern = '^(?P<name>.*?)[-_. ]*part[-_ ]?(?P<part>[0-9]+)[-_ ]?of[-_ ]?(?P<parts>[0-9]+)';

INSERT INTO data_manager_config
(config_id, import_service_name, description, import_path, file_name_pattern, default_id_type, reset_by, reason_enum_id)
VALUES
('STORE_INV_RESET', 'reset_inventory', 'Quantity on hand from the ERP', 'netsuite/inventoryitem/qoh',
    '*.csv', 'NETSUITE_PRODUCT_ID', 'QOH', 'VAR_EXT_RESET'),
('REC_INV_COUNT', 'reset_inventory', 'Cycle counts', 'hotwax/cyclecount',
    '*.csv', 'SKU', 'COUNT', 'CYCLE_COUNT'),
('IMP_ITM_RECEIPT', 'item_receipt', 'Item receipts and fulfilments from NetSuite', 'netsuite/itemreceipt/csv',
    '*.csv|*.json', 'NETSUITE_PRODUCT_ID', 'ATP', 'VAR_SHIP_RECV'),
('IMP_ODR_ITM_FLFLMNT', 'item_receipt', 'Order fulfilments from NetSuite', 'netsuite/salesorder/import/fulfillment',
    '*.csv|*.json', 'NETSUITE_PRODUCT_ID', 'ATP', 'VAR_SHIP_RECV'),
('IMP_INV_TRANS', 'inventory_transfer', 'Inventory transfers from NetSuite', 'netsuite/inventorytransfer/import',
    '*.csv', 'NETSUITE_PRODUCT_ID', 'ATP', 'VAR_INTEGR'),
('IMP_INV_ADJUST', 'inventory_delta', 'Inventory adjustments from NetSuite', 'netsuite/inventoryadjustment/import',
    '*.csv', 'NETSUITE_PRODUCT_ID', 'ATP', 'VAR_INTEGR'),
('MDM_INV_VARIANCE', 'inventory_delta', 'Inventory variances by hand', 'hotwax/inventoryvariance',
    '*.csv', 'SKU', 'ATP', 'VAR_MANUAL'),
('IMP_PROD_FACILITY', 'product_facility', 'Safety stock, thresholds, brokering and pickup',
    'hotwax/available-to-promise', '*.csv', 'SKU', 'ATP', 'VAR_MANUAL'),
('IMP_TO_SHPMNT', 'inbound_shipment', 'Inbound shipments of transfer orders', 'netsuite/transferorder/csv',
    '*.csv', 'SKU', 'ATP', 'VAR_SHIP_RECV'),
('RECEIVE_SHIP_ITEMS', 'shipment_receipt', 'Receipts of inbound shipments', 'hotwax/shipmentreceipt',
    '*.csv', 'SKU', 'ATP', 'VAR_SHIP_RECV'),
('IMP_SCHEDULED_RSTK', 'scheduled_restock', 'Scheduled restocks', 'hotwax/restock',
    '*.csv', 'SKU', 'ATP', 'VAR_SCH_SHIP_RECV'),
('IMP_KIT_COMPONENT', 'kit_components', 'Kits and their components', 'netsuite/product/kit',
    '*.csv', 'NETSUITE_PRODUCT_ID', 'ATP', 'VAR_MANUAL');
UPDATE data_manager_config SET below_zero = 'REFUSED' WHERE config_id = 'MDM_INV_VARIANCE';
-- Files that change what is counted against come before files that count.
UPDATE data_manager_config SET priority = 50
WHERE config_id IN ('IMP_PROD_FACILITY', 'IMP_KIT_COMPONENT', 'IMP_TO_SHPMNT');

ALTER TABLE data_manager_log
ADD COLUMN property_resource text NOT NULL DEFAULT 'FTP_CONFIG',
ADD COLUMN source_path text,
ADD COLUMN set_name text,
ADD COLUMN parent_log_id bigint REFERENCES data_manager_log,
ADD COLUMN duplicate_of_log_id bigint REFERENCES data_manager_log;
COMMENT ON COLUMN data_manager_log.source_path IS 'Where the file lay before it was taken.';
COMMENT ON COLUMN data_manager_log.set_name IS 'The cut file that this is a part of.';
COMMENT ON COLUMN data_manager_log.parent_log_id IS 'The file that this one tries again, in whole or its failed rows.';
COMMENT ON COLUMN data_manager_log.duplicate_of_log_id IS
'The file with the same content that was applied before: of this one, only what failed then was tried.';

UPDATE data_manager_log SET source_path = concat(import_path, '/', file_name);
ALTER TABLE data_manager_log ALTER COLUMN source_path SET NOT NULL;
DROP INDEX data_manager_log_file_sha256_config_id_idx;
CREATE INDEX ON data_manager_log (file_sha256);
CREATE INDEX ON data_manager_log (set_name) WHERE set_name IS NOT NULL;
CREATE INDEX ON data_manager_log (remote_file_path);

ALTER TABLE data_manager_reject ADD COLUMN retried_in_log_id bigint REFERENCES data_manager_log;
COMMENT ON COLUMN data_manager_reject.retried_in_log_id IS
'The later file in which this row was tried again, so that it is not tried twice.';

CREATE TABLE variance_reason (
    variance_reason_id text PRIMARY KEY,
    description text NOT NULL
);
COMMENT ON TABLE variance_reason IS 'Reasons that a file may give for a change of stock. Add your own.';
INSERT INTO variance_reason (variance_reason_id, description) VALUES
('MISMATCH', 'Mismatch'),
('NOT_IN_STOCK', 'Not in stock'),
('NO_VARIANCE_LOG', 'No variance'),
('REJ_RSN_DAMAGED', 'Rejected: damaged'),
('WORN_DISPLAY', 'Worn display'),
('INACTIVE_STORE', 'Inactive store'),
('POS_SALE', 'Sale at a till'),
('SHOPIFY_POS_SALE', 'Sale at a Shopify till'),
('VAR_DAMAGED', 'Damaged'),
('VAR_LOST', 'Lost'),
('VAR_FOUND', 'Found'),
('VAR_MANUAL', 'Changed by hand'),
('VAR_INTEGR', 'From another system'),
('VAR_SAMPLE', 'Taken as a sample'),
('VAR_STOLEN', 'Stolen'),
('VAR_MISSHIP_ORDERED', 'Shipped in error: ordered'),
('VAR_MISSHIP_SHIPPED', 'Shipped in error: shipped'),
('VAR_EQUAL_QOH_ATP', 'On hand set to available'),
('VAR_SCH_SHIP_RECV', 'Scheduled incoming shipment received'),
('VAR_SHIP_RECV', 'Shipment received'),
('VAR_EXT_RESET', 'Reset by another system'),
('VAR_TRFR_ORD_SHIPPED', 'Transfer order shipped'),
('VAR_REPORT', 'Correction of a report'),
('RTN_ITM_RCPT', 'Return received'),
('CYCLE_COUNT', 'Cycle count'),
('NEG_VAR_ITEM_CANCEL', 'Cancelled item taken out');

ALTER TABLE inventory_item_detail ADD COLUMN shipment_id identifier;

CREATE FUNCTION as_quantity(written text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN written <> '' AND octet_length(written) <= 12 AND translate(written, '0123456789', '') = ''
        THEN written::numeric
    WHEN written ~ '^ *[+-]?[0-9]{1,12}(\.[0-9]{1,6})? *$' THEN written::numeric
END
$$;
COMMENT ON FUNCTION as_quantity IS
'The number that a file means, or NULL: digits with at most six decimals. No thousands separators, no exponents.';

CREATE FUNCTION as_flag(written text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN lower(trim(written)) IN ('y', 'yes', 'true', '1') THEN TRUE
    WHEN lower(trim(written)) IN ('n', 'no', 'false', '0') THEN FALSE
END
$$;
COMMENT ON FUNCTION as_flag IS 'Y or N, true or false, as a file means it, or NULL.';
