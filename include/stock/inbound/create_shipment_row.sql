-- The rows of a shipment file, one item each, the names that they have for shipments, and what they say of each
-- shipment and item. Private to the transaction.
-- The caller fills shipment_name down to first_line, and shipment_row, with is_usable false where a row cannot be taken
-- for reasons of its own; the rest is filled by the statements beside this one.
CREATE TEMP TABLE shipment_name (
    given_shipment_id text COLLATE "C",
    external_id text COLLATE "C",
    first_line bigint NOT NULL,
    shipment_id text COLLATE "C",
    shipment_key text COLLATE "C",
    complaint text
) ON COMMIT DROP;

CREATE TEMP TABLE shipment_row (
    line_number bigint NOT NULL,
    shipment_id text COLLATE "C",
    shipment_key text COLLATE "C",
    external_id text COLLATE "C",
    shipment_type_id text,
    status_id text,
    origin_facility_id text,
    supplier_id text,
    supplier_external_id text,
    destination_facility_id text COLLATE "C",
    product_id text COLLATE "C",
    quantity numeric,
    item_external_id text COLLATE "C",
    order_id text COLLATE "C",
    serial_number text,
    tracking_numbers text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '{}',
    is_usable boolean NOT NULL DEFAULT TRUE,
    complaint text,
    item_key text COLLATE "C" GENERATED ALWAYS AS (
        coalesce('item ' || item_external_id, 'product ' || product_id)
    ) STORED
) ON COMMIT DROP;

CREATE TEMP TABLE shipment_header (
    shipment_id text COLLATE "C" PRIMARY KEY,
    external_id text COLLATE "C",
    shipment_type_id text,
    status_id text,
    origin_facility_id text,
    supplier_id text,
    supplier_external_id text,
    destination_facility_id text COLLATE "C" NOT NULL,
    tracking_numbers text[] NOT NULL,
    attributes jsonb NOT NULL,
    is_different boolean NOT NULL DEFAULT FALSE
) ON COMMIT DROP;

CREATE TEMP TABLE wanted_item (
    shipment_id text COLLATE "C" NOT NULL,
    item_key text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    item_external_id text COLLATE "C",
    order_id text COLLATE "C",
    serial_numbers text[] NOT NULL,
    shipment_item_seq_id text COLLATE "C",
    row_count bigint NOT NULL,
    is_known boolean NOT NULL,
    is_changed boolean NOT NULL,
    is_superseded boolean NOT NULL
) ON COMMIT DROP
