-- What one look has seen at some levels, and what is made of each. Private to the transaction.
CREATE TEMP TABLE seen_level (
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    available integer,
    committed integer,
    is_active boolean,
    tracked boolean,
    sku text COLLATE "C",
    updated_at timestamptz,
    is_still boolean NOT NULL,
    PRIMARY KEY (inventory_item_id, location_id)
) ON COMMIT DROP;

CREATE TEMP TABLE judged_level (
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    position integer,
    available integer,
    delta integer,
    outbox_batch_id bigint,
    committed_imported integer NOT NULL,
    has_unseen_order boolean NOT NULL,
    outcome text NOT NULL,
    PRIMARY KEY (inventory_item_id, location_id)
) ON COMMIT DROP;
