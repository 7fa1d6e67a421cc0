-- The rows that are about to be frozen into batches. Private to the transaction.
CREATE TEMP TABLE IF NOT EXISTS chosen_row (
    batch_number integer NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    delta integer NOT NULL,
    change_from_quantity integer NOT NULL,
    replaces_batch_id bigint
) ON COMMIT DROP
