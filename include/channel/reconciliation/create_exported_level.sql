-- The levels of an export as they come. Private to the transaction.
CREATE TEMP TABLE exported_level (
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    available integer NOT NULL,
    committed integer NOT NULL
) ON COMMIT DROP
