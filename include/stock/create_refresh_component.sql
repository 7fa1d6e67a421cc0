-- What the kits of one refresh consist of, down to what has stock of its own. Private to the transaction.
CREATE TEMP TABLE refresh_component (
    product_id text COLLATE "C" NOT NULL,
    component_id text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    is_empty boolean NOT NULL
) ON COMMIT DROP
