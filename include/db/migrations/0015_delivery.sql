-- Sending: rows that keep moving, plans that wait for approval, reasons, checks before the first write, and files.
ALTER TABLE inventory_level
ADD COLUMN moves_until timestamptz,
ADD COLUMN checked_at timestamptz,
ADD COLUMN quarantined_at timestamptz,
ADD COLUMN quarantine_tries integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN inventory_level.moves_until IS
'It moved while a batch was on its way. Until then it travels in batches of rows that do so, and holds up no other.';
COMMENT ON COLUMN inventory_level.checked_at IS
'When Shopify last said that the item exists, is tracked and is stocked at the location. Asked again after a day.';
COMMENT ON COLUMN inventory_level.quarantine_tries IS
'How often it went into quarantine; each time it stays there twice as long before Shopify is asked again.';

CREATE INDEX inventory_level_quarantined ON inventory_level (shop_id, quarantined_at)
WHERE quarantine_reason IS NOT NULL;

CREATE FUNCTION stamp_quarantine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.quarantined_at := CASE WHEN new.quarantine_reason IS NOT NULL THEN now() END;
    new.quarantine_tries := old.quarantine_tries + (new.quarantine_reason IS NOT NULL)::integer;
    RETURN new;
END
$$;
CREATE TRIGGER stamp_quarantine BEFORE UPDATE OF quarantine_reason ON inventory_level
FOR EACH ROW WHEN (old.quarantine_reason IS DISTINCT FROM new.quarantine_reason)
EXECUTE FUNCTION stamp_quarantine();

COMMENT ON COLUMN outbox_batch.replaces_batch_id IS
'The batch that was refused and whose deltas this one carries, all of them or some.';

ALTER TABLE shopify_shop ADD COLUMN activate_items boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN shopify_shop.activate_items IS
'Whether Trueup stocks an item at a location by itself before it first writes there. If not, the row is put aside.';

-- Refused rows that are good travel on in a new batch, in the same transaction.
CREATE INDEX ON outbox_batch (replaces_batch_id) WHERE replaces_batch_id IS NOT NULL;

-- Plans: what was to move, and whether it goes at once, waits for somebody, or was refused.
ALTER TABLE shopify_shop
ADD COLUMN approval_least_rows integer NOT NULL DEFAULT 100 CHECK (approval_least_rows >= 0),
ADD COLUMN approval_share numeric NOT NULL DEFAULT 0.3 CHECK (approval_share > 0),
ADD COLUMN approval_location_share numeric NOT NULL DEFAULT 0.9 CHECK (approval_location_share > 0),
ADD COLUMN approval_rows_factor numeric NOT NULL DEFAULT 10 CHECK (approval_rows_factor > 0),
ADD COLUMN pushed_reasons text[],
ADD COLUMN ledger_planned_through bigint,
ADD COLUMN transport text NOT NULL DEFAULT 'AUTO' CHECK (transport IN ('AUTO', 'DIRECT', 'BULK')),
ADD COLUMN bulk_least_rows integer NOT NULL DEFAULT 400000 CHECK (bulk_least_rows > 0);
COMMENT ON COLUMN shopify_shop.approval_least_rows IS 'A plan of fewer rows never waits for approval.';
COMMENT ON COLUMN shopify_shop.approval_share IS
'A plan that takes away more than this share of all units that the shop shows waits for approval.';
COMMENT ON COLUMN shopify_shop.approval_location_share IS
'So does one that takes away more than this share of what a single location shows, as after an empty snapshot.';
COMMENT ON COLUMN shopify_shop.approval_rows_factor IS
'So does one of more than so many times the usual rows: the median of the last twenty plans, once there are five.';
COMMENT ON COLUMN shopify_shop.pushed_reasons IS
'Reasons of the stock ledger whose quantities may be pushed; those of all others wait for a hard sync. NULL: all may.';
COMMENT ON COLUMN shopify_shop.ledger_planned_through IS
'The ledger row up to which reasons have been noted. Ledger rows are numbered in the order in which they are committed,
as only one writer of stock is at work at a time. It decides nothing but reasons.';
COMMENT ON COLUMN shopify_shop.transport IS
'DIRECT: calls of 250 rows. BULK: a file and a bulk operation. AUTO: a file from bulk_least_rows on.';

CREATE TABLE outbox_plan (
    outbox_plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    status_id text NOT NULL CHECK (status_id IN ('RELEASED', 'HELD', 'APPROVED', 'REJECTED')),
    plan_rows integer NOT NULL,
    units_up bigint NOT NULL,
    units_down bigint NOT NULL,
    transport text NOT NULL CHECK (transport IN ('DIRECT', 'BULK')),
    transport_reason text NOT NULL,
    held_because text,
    decided_by text,
    decided_at timestamptz,
    ledger_through bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((held_because IS NULL) = (status_id = 'RELEASED')),
    CHECK ((decided_at IS NULL) = (status_id IN ('RELEASED', 'HELD')))
);
CREATE INDEX ON outbox_plan (shop_id, outbox_plan_id);
CREATE INDEX ON outbox_plan (outbox_plan_id) WHERE status_id = 'HELD';
COMMENT ON TABLE outbox_plan IS 'One row per run of the planner that found something to push.';

ALTER TABLE outbox_batch
ADD COLUMN outbox_plan_id bigint REFERENCES outbox_plan,
ADD COLUMN transport text NOT NULL DEFAULT 'DIRECT' CHECK (transport IN ('DIRECT', 'BULK')),
ADD COLUMN shopify_reason text NOT NULL DEFAULT 'correction',
DROP CONSTRAINT outbox_batch_status_id_check,
ADD CHECK (status_id IN (
    'HELD', 'PLANNED', 'SENDING', 'CONFIRMED', 'STALE', 'REFUSED', 'UNKNOWN', 'SETTLED', 'REJECTED'
));
CREATE INDEX ON outbox_batch (outbox_plan_id);

ALTER TABLE inventory_level
ADD COLUMN shopify_reason text,
ADD COLUMN held_back integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN inventory_level.shopify_reason IS
'What the ledger rows since the last plan have in common as a reason, while the level could not be planned.';
COMMENT ON COLUMN inventory_level.held_back IS
'The part of delta that is not pushed: its reasons may not be, or its plan was rejected. A hard sync pushes it.';
CREATE INDEX inventory_level_held_back ON inventory_level (shop_id) WHERE held_back <> 0;

CREATE TABLE shopify_reason (
    reason_enum_id text PRIMARY KEY,
    shopify_reason text NOT NULL CHECK (shopify_reason IN (
        'correction', 'cycle_count_available', 'damaged', 'movement_canceled', 'movement_created',
        'movement_received', 'movement_updated', 'other', 'promotion', 'quality_control', 'received',
        'reservation_created', 'reservation_deleted', 'reservation_updated', 'restock', 'safety_stock', 'shrinkage'
    ))
);
COMMENT ON TABLE shopify_reason IS
'What Shopify''s adjustment history is told for a reason of the stock ledger. A reason that is not here, and rows whose
reasons differ, are told as correction.';
INSERT INTO shopify_reason (reason_enum_id, shopify_reason) VALUES
('CYCLE_COUNT', 'cycle_count_available'),
('VAR_DAMAGED', 'damaged'),
('REJ_RSN_DAMAGED', 'damaged'),
('WORN_DISPLAY', 'damaged'),
('VAR_LOST', 'shrinkage'),
('VAR_STOLEN', 'shrinkage'),
('MISMATCH', 'shrinkage'),
('NOT_IN_STOCK', 'shrinkage'),
('VAR_SAMPLE', 'promotion'),
('VAR_SHIP_RECV', 'received'),
('VAR_SCH_SHIP_RECV', 'received'),
('VAR_TRFR_ORD_SHIPPED', 'movement_created'),
('RTN_ITM_RCPT', 'restock'),
('INV_RES_CREATE', 'reservation_created'),
('INV_RES_RELEASE', 'reservation_deleted');

CREATE VIEW outbox_row_source AS
SELECT
    batch.shop_id,
    batch.outbox_batch_id,
    batch_row.row_index,
    batch_row.inventory_item_id,
    batch_row.location_id,
    batch_row.delta,
    detail.inventory_item_detail_id,
    detail.product_id,
    detail.facility_id,
    detail.available_to_promise_diff,
    detail.reason_enum_id,
    detail.effective_at,
    detail.order_id,
    detail.shipment_id,
    detail.data_manager_log_id,
    detail.line_number
FROM outbox_batch_row AS batch_row
INNER JOIN outbox_batch AS batch ON batch_row.outbox_batch_id = batch.outbox_batch_id
INNER JOIN outbox_plan AS plan ON batch.outbox_plan_id = plan.outbox_plan_id
INNER JOIN inventory_level AS level
    ON
        batch.shop_id = level.shop_id
        AND batch_row.inventory_item_id = level.inventory_item_id
        AND batch_row.location_id = level.location_id
INNER JOIN inventory_item_detail AS detail ON level.product_id = detail.product_id
WHERE
    detail.inventory_item_detail_id <= plan.ledger_through
    AND detail.available_to_promise_diff <> 0
    AND detail.inventory_item_detail_id > coalesce((
        SELECT max(earlier_plan.ledger_through)
        FROM outbox_batch_row AS earlier_row
        INNER JOIN outbox_batch AS earlier ON earlier_row.outbox_batch_id = earlier.outbox_batch_id
        INNER JOIN outbox_plan AS earlier_plan ON earlier.outbox_plan_id = earlier_plan.outbox_plan_id
        WHERE
            earlier_row.inventory_item_id = batch_row.inventory_item_id
            AND earlier_row.location_id = batch_row.location_id
            AND earlier.shop_id = batch.shop_id
            AND earlier_plan.outbox_plan_id < plan.outbox_plan_id
    ), 0)
    AND EXISTS (
        SELECT
        FROM inventory_channel AS channel
        LEFT JOIN facility_group_member AS member
            ON
                channel.facility_group_id = member.facility_group_id
                AND member.facility_id = detail.facility_id
        WHERE
            channel.shop_id = batch.shop_id
            AND channel.location_id = batch_row.location_id
            AND (member.facility_id IS NOT NULL OR channel.queue_facility_id = detail.facility_id)
    );
COMMENT ON VIEW outbox_row_source IS
'From a row of a batch back to the stock ledger: what was recorded for its product at the facilities that its location
shows, since the level was last planned. Look it up by outbox_batch_id.';

-- Files: the second way to Shopify. One file is one bulk operation, one line of it one batch.
CREATE TABLE outbox_file (
    outbox_file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    status_id text NOT NULL DEFAULT 'BUILT' CHECK (status_id IN ('BUILT', 'STARTING', 'RUNNING', 'DONE')),
    operation_id text UNIQUE,
    message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CHECK (status_id <> 'RUNNING' OR operation_id IS NOT NULL)
);
CREATE INDEX ON outbox_file (shop_id, outbox_file_id) WHERE status_id <> 'DONE';
COMMENT ON COLUMN outbox_file.status_id IS
'BUILT: its batches are chosen. STARTING: the operation was asked for, and whether it runs is not known yet. RUNNING:
Shopify has named the operation. DONE: what became of each line is written down.';

ALTER TABLE outbox_batch
ADD COLUMN outbox_file_id bigint REFERENCES outbox_file,
ADD COLUMN line_number integer;
CREATE INDEX ON outbox_batch (outbox_file_id, line_number) WHERE outbox_file_id IS NOT NULL;
