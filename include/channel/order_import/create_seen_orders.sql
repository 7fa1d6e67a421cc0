-- The orders of one import as Shopify shows them, and how they differ from what was imported before.
CREATE TEMP TABLE seen_order (
    order_id text COLLATE "C" PRIMARY KEY,
    order_name text NOT NULL,
    processed_at timestamptz,
    updated_at timestamptz NOT NULL,
    is_baseline boolean NOT NULL
) ON COMMIT DROP;

CREATE TEMP TABLE seen_order_item (
    order_id text COLLATE "C" NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    taken integer NOT NULL,
    fulfilled integer NOT NULL,
    returned integer NOT NULL,
    returned_at timestamptz,
    PRIMARY KEY (order_id, inventory_item_id, location_id)
) ON COMMIT DROP;

CREATE TEMP TABLE seen_order_line (
    order_id text COLLATE "C" NOT NULL,
    order_name text NOT NULL,
    line_item_id text COLLATE "C" NOT NULL,
    line_item_number bigint NOT NULL,
    inventory_item_id text COLLATE "C",
    quantity integer NOT NULL,
    PRIMARY KEY (order_id, line_item_id)
) ON COMMIT DROP;

CREATE TEMP TABLE order_movement (
    order_id text COLLATE "C" NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    taken_diff integer NOT NULL,
    fulfilled_diff integer NOT NULL,
    returned_diff integer NOT NULL,
    returned_at timestamptz
) ON COMMIT DROP;
