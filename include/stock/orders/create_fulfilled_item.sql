-- The fulfilled items of one file. Private to the transaction.
-- The first seven columns are the caller's, and complaint where it has something to say of a row; the others are filled
-- here.
CREATE TEMP TABLE fulfilled_item (
    line_number bigint PRIMARY KEY,
    order_id text COLLATE "C",
    order_item_seq_id text COLLATE "C",
    facility_id text COLLATE "C",
    shipped_at timestamptz,
    quantity numeric,
    tracking_number text,
    complaint text,
    is_repeated boolean NOT NULL DEFAULT FALSE,
    shop_id text COLLATE "C",
    found_order_id text COLLATE "C",
    found_seq_id text COLLATE "C",
    inventory_item_id text COLLATE "C",
    product_id text COLLATE "C",
    turn bigint
) ON COMMIT DROP
