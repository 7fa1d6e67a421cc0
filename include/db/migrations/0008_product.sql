-- What files have said of products: their numbers and switches at facilities, and what kits are made of.
ALTER TABLE product_facility ADD COLUMN reorder_quantity numeric CHECK (reorder_quantity >= 0);
COMMENT ON COLUMN product_facility.reorder_quantity IS 'How many to order at a time; NULL where nobody has said.';

CREATE TABLE product_facility_snapshot (
    data_manager_log_id bigint NOT NULL,
    facility_id identifier NOT NULL,
    field text NOT NULL
    CHECK (field IN ('minimum_stock', 'allow_brokering', 'allow_pickup', 'reorder_quantity')),
    as_of timestamptz NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (data_manager_log_id, facility_id, field)
);
CREATE INDEX ON product_facility_snapshot (as_of);
COMMENT ON TABLE product_facility_snapshot IS
'Of which products'' values at a facility a file spoke, whether it changed them or not: an older file has no say in
them. One row per facility and value, so that a file in which nothing changed writes almost nothing.';

CREATE TABLE product_assoc (
    product_id identifier NOT NULL REFERENCES product,
    product_id_to identifier NOT NULL REFERENCES product CHECK (product_id_to <> product_id),
    product_assoc_type_id text NOT NULL DEFAULT 'PRODUCT_COMPONENT',
    quantity numeric NOT NULL DEFAULT 1 CHECK (quantity > 0),
    from_date timestamptz NOT NULL DEFAULT '-infinity',
    thru_date timestamptz NOT NULL DEFAULT 'infinity' CHECK (thru_date > from_date),
    as_of timestamptz NOT NULL DEFAULT '-infinity',
    file_modified_at timestamptz NOT NULL DEFAULT '-infinity',
    file_name text NOT NULL DEFAULT '',
    data_manager_log_id bigint,
    line_number bigint,
    PRIMARY KEY (product_id, product_id_to, product_assoc_type_id, from_date)
);
CREATE INDEX ON product_assoc (product_id_to);
COMMENT ON TABLE product_assoc IS
'What a product is made of: a kit (product_id) holds so many of a component (product_id_to) from from_date until just
before thru_date. The periods of one kit and component never overlap.';
COMMENT ON COLUMN product_assoc.as_of IS
'The moment of the file that said so; with file_modified_at and file_name it tells which of two files is the newer.';
COMMENT ON COLUMN product_assoc.data_manager_log_id IS 'That file, and line_number in it; NULL if set by hand.';

CREATE FUNCTION with_kits_above(product_ids identifier[]) RETURNS SETOF identifier LANGUAGE sql STABLE AS $$
WITH RECURSIVE above AS (
    SELECT unnest(product_ids) AS product_id
    UNION
    SELECT product_assoc.product_id
    FROM above
    INNER JOIN product_assoc ON above.product_id = product_assoc.product_id_to
    WHERE product_assoc.product_assoc_type_id = 'PRODUCT_COMPONENT' AND product_assoc.thru_date > now()
)

SELECT product_id FROM above
$$;
COMMENT ON FUNCTION with_kits_above IS
'These products and all kits that hold one of them, directly or through other kits, now or later.';

-- A kit whose content has changed, and the kits above it, promise something else. What only notes that a newer file has
-- said the same marks nothing.
CREATE FUNCTION mark_dirty_kits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed identifier[];
BEGIN
    IF tg_op = 'INSERT' THEN
        changed := ARRAY(SELECT DISTINCT product_id FROM after);
    ELSIF tg_op = 'DELETE' THEN
        changed := ARRAY(SELECT DISTINCT product_id FROM before);
    ELSE
        changed := ARRAY(
            SELECT DISTINCT product_id
            FROM (
                SELECT product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date, 1 AS side
                FROM before
                UNION ALL
                SELECT product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date, 2
                FROM after
            ) AS version
            GROUP BY product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date
            HAVING count(*) = 1
        );
    END IF;
    INSERT INTO dirty_product (product_id) SELECT with_kits_above FROM with_kits_above(changed);
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_dirty_on_insert AFTER INSERT ON product_assoc
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_kits();
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON product_assoc
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_kits();
CREATE TRIGGER mark_dirty_on_delete AFTER DELETE ON product_assoc
REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_kits();
