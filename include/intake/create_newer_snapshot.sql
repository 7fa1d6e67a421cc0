-- Products and facilities of which newer snapshots have spoken; those that know nothing of what the ERP was not told
-- stand there by themselves. Private to the transaction.
CREATE TEMP TABLE newer_snapshot (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    misses_untold boolean NOT NULL
) ON COMMIT DROP
