-- Where a movement of stock comes from: what people say with it, and their counts and variances by hand.
CREATE TABLE physical_inventory (
    physical_inventory_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_key text COLLATE "C" NOT NULL UNIQUE,
    product_id identifier NOT NULL REFERENCES product,
    facility_id identifier NOT NULL REFERENCES facility,
    variance_reason_id text NOT NULL REFERENCES variance_reason,
    counted numeric CHECK (counted >= 0),
    quantity_on_hand_var numeric NOT NULL,
    available_to_promise_var numeric NOT NULL,
    physical_inventory_date timestamptz NOT NULL,
    party_id text,
    general_comments text,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE physical_inventory IS
'What people have found by hand: a variance, or a count, one product at one facility each.';
COMMENT ON COLUMN physical_inventory.request_key IS
'What makes it this one, such as the run that recorded it: the same key again is not recorded again.';
COMMENT ON COLUMN physical_inventory.counted IS 'What was counted on hand; NULL where only a difference was told.';
COMMENT ON COLUMN physical_inventory.party_id IS 'Who recorded it; NULL where nobody said.';

ALTER TABLE inventory_item_detail
ADD COLUMN physical_inventory_id bigint,
ADD COLUMN description text;
COMMENT ON COLUMN inventory_item_detail.physical_inventory_id IS 'The count or variance by hand that it comes from.';
COMMENT ON COLUMN inventory_item_detail.description IS 'The comment that came with the row of the file or by hand.';
COMMENT ON COLUMN inventory_snapshot.data_manager_log_id IS
'The file; of a count by hand the negative physical_inventory_id.';

ALTER TABLE data_manager_config ADD COLUMN keeps_comments boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN data_manager_config.keeps_comments IS
'Whether the comments of a file''s rows are kept in the ledger. What people write is; what NetSuite writes into each of
a hundred thousand rows costs time and space, and is in the archived file.';
UPDATE data_manager_config SET keeps_comments = TRUE WHERE config_id IN ('MDM_INV_VARIANCE', 'REC_INV_COUNT');
