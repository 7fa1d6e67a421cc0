-- The staged rows as they were understood. Private to the transaction.
CREATE TEMP TABLE kit_row (
    line_number bigint NOT NULL,
    staged_at tid NOT NULL,
    product_id text COLLATE "C",
    product_id_to text COLLATE "C",
    quantity numeric,
    from_date timestamptz,
    thru_date timestamptz,
    complaint text,
    superseded boolean NOT NULL DEFAULT FALSE,
    later_line bigint
) ON COMMIT DROP
