-- The staged rows as they were understood. Private to the transaction.
CREATE TEMP TABLE resolved_row (
    line_number bigint NOT NULL,
    staged_at tid NOT NULL,
    product_id text COLLATE "C",
    facility_id text COLLATE "C",
    quantity numeric,
    usable boolean NOT NULL,
    complaint text
) ON COMMIT DROP
