-- Values of which a newer file has spoken, and whether only files of the rules have. Private to the transaction.
CREATE TEMP TABLE newer_value (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    field text NOT NULL,
    is_of_rules boolean NOT NULL
) ON COMMIT DROP
