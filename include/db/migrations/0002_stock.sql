-- The truth: an append-only ledger, the totals that are its sums, and what each snapshot covered.
CREATE TABLE inventory_item_detail (
    inventory_item_detail_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id identifier NOT NULL,
    facility_id identifier NOT NULL,
    quantity_on_hand_diff numeric NOT NULL,
    available_to_promise_diff numeric NOT NULL,
    reason_enum_id text NOT NULL,
    data_manager_log_id bigint,
    line_number bigint,
    order_id identifier,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK (quantity_on_hand_diff <> 0 OR available_to_promise_diff <> 0)
);
COMMENT ON TABLE inventory_item_detail IS
'The stock ledger. Rows are only added. Product and facility are checked where rows are made, set by set:
a foreign key would check them once more, row by row.';
COMMENT ON COLUMN inventory_item_detail.effective_at IS
'When the movement took effect, as opposed to when it was recorded.';
CREATE INDEX ON inventory_item_detail (product_id, facility_id);
CREATE INDEX ON inventory_item_detail USING brin (effective_at) WITH (autosummarize = on);
CREATE INDEX ON inventory_item_detail USING brin (data_manager_log_id) WITH (autosummarize = on);

CREATE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'inventory_item_detail is append-only: % refused', tg_op
        USING HINT = 'Post a movement with the opposite sign instead.';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_item_detail
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();

CREATE TABLE inventory_item (
    product_id identifier NOT NULL,
    facility_id identifier NOT NULL,
    quantity_on_hand_total numeric NOT NULL,
    available_to_promise_total numeric NOT NULL,
    PRIMARY KEY (product_id, facility_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE inventory_item IS
'Stock per product and facility: always the sum of its ledger rows. No row means zero.';

CREATE TABLE inventory_snapshot (
    data_manager_log_id bigint NOT NULL,
    facility_id identifier NOT NULL,
    as_of timestamptz NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (data_manager_log_id, facility_id)
);
CREATE INDEX ON inventory_snapshot (as_of);
COMMENT ON TABLE inventory_snapshot IS
'Which products a reset spoke of, per facility: an event from before as_of is already in its numbers. One row per
facility, so that a reset in which nothing changed writes almost nothing.';

CREATE TABLE dirty_product (product_id identifier NOT NULL);
COMMENT ON TABLE dirty_product IS
'Products whose online ATP may have changed, written in the transaction that changed them. No key on purpose: a mark
must not be swallowed by an older one that is just being drained.';

-- Everything besides stock that online ATP depends on marks its products by itself, whoever changes it.
CREATE FUNCTION mark_dirty_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        INSERT INTO dirty_product (product_id) SELECT DISTINCT product_id FROM before;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO dirty_product (product_id) SELECT DISTINCT product_id FROM after;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_dirty_on_insert AFTER INSERT ON product_facility
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_products();
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON product_facility
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_products();
CREATE TRIGGER mark_dirty_on_delete AFTER DELETE ON product_facility
REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_products();
