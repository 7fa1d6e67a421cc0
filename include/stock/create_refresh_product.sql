-- The products of one refresh. Private to the transaction.
CREATE TEMP TABLE refresh_product (product_id text COLLATE "C" PRIMARY KEY) ON COMMIT DROP
