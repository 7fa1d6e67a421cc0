-- What a file says of products' tags and features: all of each, sorted. Private to the transaction.
CREATE TEMP TABLE trait_row (
    line_number bigint NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    field text NOT NULL,
    traits text[] COLLATE "C" NOT NULL
) ON COMMIT DROP
