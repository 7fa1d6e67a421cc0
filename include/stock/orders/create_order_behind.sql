-- Items of orders whose reservation or issue is behind what their order has become. Private to the transaction.
-- `effective_at` is the moment of what they do to stock, `came_back_at` that of what was brought back.
CREATE TEMP TABLE order_behind (
    shop_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    facility_group_id text COLLATE "C" NOT NULL,
    queue_facility_id text COLLATE "C" NOT NULL,
    is_online boolean NOT NULL,
    has_left integer NOT NULL,
    effective_at timestamptz NOT NULL,
    came_back_at timestamptz NOT NULL,
    PRIMARY KEY (shop_id, order_id, inventory_item_id, location_id)
) ON COMMIT DROP
