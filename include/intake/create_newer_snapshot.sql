-- Products and facilities of which newer snapshots have spoken. Private to the transaction.
CREATE TEMP TABLE newer_snapshot (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL
) ON COMMIT DROP
