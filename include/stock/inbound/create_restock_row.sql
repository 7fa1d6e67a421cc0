-- The rows of a restock file, one product each. Private to the transaction.
-- The caller fills it down to complaint, with is_usable false where a row cannot be taken for reasons of its own.
CREATE TEMP TABLE restock_row (
    line_number bigint NOT NULL,
    requested_name text COLLATE "C",
    facility_id text COLLATE "C",
    shop_id text COLLATE "C",
    product_store_id text,
    requested_at timestamptz,
    product_id text COLLATE "C",
    quantity numeric,
    is_usable boolean NOT NULL DEFAULT TRUE,
    complaint text,
    shipment_id text COLLATE "C",
    is_new boolean NOT NULL DEFAULT FALSE
) ON COMMIT DROP
