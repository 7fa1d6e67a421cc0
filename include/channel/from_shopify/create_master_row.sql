-- The rows of a reset file from Shopify. Private to the session, as orders are imported between filling and reading it.
DROP TABLE IF EXISTS master_row;

CREATE TEMP TABLE master_row (
    facility_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    available integer NOT NULL,
    committed integer NOT NULL,
    is_settled boolean NOT NULL DEFAULT FALSE
)
