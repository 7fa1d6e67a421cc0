-- What the kits and components of the file are to look like; line_number is NULL for what was there. Private to the
-- transaction.
CREATE TEMP TABLE kit_period (
    product_id text COLLATE "C" NOT NULL,
    product_id_to text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    from_date timestamptz NOT NULL,
    thru_date timestamptz NOT NULL,
    line_number bigint,
    is_over boolean NOT NULL
) ON COMMIT DROP
