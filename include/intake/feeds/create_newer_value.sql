-- Values of which a newer file has spoken. Private to the transaction.
CREATE TEMP TABLE newer_value (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    field text NOT NULL
) ON COMMIT DROP
