-- The products of one refresh, in slices. Private to the transaction.
CREATE TEMP TABLE refresh_product (
    slice integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    is_kit boolean NOT NULL,
    PRIMARY KEY (slice, product_id)
) ON COMMIT DROP
