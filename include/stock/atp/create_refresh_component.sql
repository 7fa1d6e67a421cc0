-- What the kits of one refresh consist of, down to what has stock of its own, in the slices of the kits. Private to the
-- transaction.
CREATE TEMP TABLE refresh_component (
    slice integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    component_id text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    is_empty boolean NOT NULL,
    PRIMARY KEY (slice, product_id, component_id)
) ON COMMIT DROP
