-- What a file says, value by value; a switch is 1 or 0. Private to the transaction.
CREATE TEMP TABLE product_value (
    line_number bigint NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    field text NOT NULL,
    value numeric NOT NULL
) ON COMMIT DROP
