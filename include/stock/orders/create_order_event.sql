-- What orders do to stock, each event at its own moment and of the item as it was ordered. Private to the transaction.
CREATE TEMP TABLE order_event (
    shop_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    quantity_on_hand_diff numeric NOT NULL,
    available_to_promise_diff numeric NOT NULL,
    reason_enum_id text NOT NULL,
    line_number bigint,
    effective_at timestamptz NOT NULL
) ON COMMIT DROP
