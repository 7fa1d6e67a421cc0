-- What has arrived, one row per line of a receipt, and what that is of each item. Private to the transaction.
-- The caller fills received_item down to complaint: one of the two names of the shipment, and the item or the product.
CREATE TEMP TABLE received_item (
    line_number bigint NOT NULL,
    shipment_id text COLLATE "C",
    external_id text COLLATE "C",
    shipment_item_seq_id text COLLATE "C",
    item_external_id text COLLATE "C",
    product_id text COLLATE "C",
    quantity_accepted numeric,
    quantity_rejected numeric,
    rejection_reason text,
    received_at timestamptz,
    complaint text,
    found_shipment_id text COLLATE "C",
    found_seq_id text COLLATE "C"
) ON COMMIT DROP;
CREATE TEMP TABLE arrived_item (
    line_number bigint NOT NULL,
    shipment_id text COLLATE "C" NOT NULL,
    shipment_item_seq_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    rejection_reason text,
    received_at timestamptz NOT NULL,
    quantity_accepted numeric NOT NULL,
    quantity_rejected numeric NOT NULL
) ON COMMIT DROP
