-- What one transaction is about to do to stock. Private to the transaction.
CREATE TEMP TABLE movement (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    quantity_on_hand_diff numeric NOT NULL,
    available_to_promise_diff numeric NOT NULL,
    reason_enum_id text NOT NULL,
    line_number bigint,
    order_id text,
    shipment_id text,
    effective_at timestamptz,
    physical_inventory_id bigint,
    description text
) ON COMMIT DROP
