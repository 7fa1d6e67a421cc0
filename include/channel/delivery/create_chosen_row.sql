-- The rows that are about to be frozen into batches, and what the ledger says of levels since the last plan. Private to
-- the transaction.
CREATE TEMP TABLE IF NOT EXISTS chosen_row (
    batch_number integer NOT NULL,
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    delta integer NOT NULL,
    change_from_quantity integer NOT NULL,
    shopify_reason text NOT NULL DEFAULT 'correction',
    replaces_batch_id bigint,
    outbox_plan_id bigint
) ON COMMIT DROP;

CREATE TEMP TABLE IF NOT EXISTS changed_level (
    inventory_item_id text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    shopify_reason text NOT NULL,
    held_back integer NOT NULL,
    PRIMARY KEY (inventory_item_id, location_id)
) ON COMMIT DROP;
