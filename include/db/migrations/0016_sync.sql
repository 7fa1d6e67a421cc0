-- Looking at Shopify on purpose: which levels to compare, what each look has found, and who is master where.
ALTER TABLE inventory_channel
ADD COLUMN inventory_master text NOT NULL DEFAULT 'OMS' CHECK (inventory_master IN ('OMS', 'SHOPIFY')),
ADD COLUMN use_valid_atp boolean NOT NULL DEFAULT TRUE;
COMMENT ON COLUMN inventory_channel.inventory_master IS
'Who decides what the location shows. SHOPIFY: nothing is pushed there; its facility''s stock follows Shopify instead.';
COMMENT ON COLUMN inventory_channel.use_valid_atp IS
'Whether open orders in the virtual order queue are deducted. FALSE only where the ERP''s figures leave them out.';

ALTER TABLE inventory_level ADD COLUMN to_observe boolean NOT NULL DEFAULT TRUE;
COMMENT ON COLUMN inventory_level.to_observe IS
'Whether Shopify is to be looked at: the target has changed since the last look, which is noted where the target is
written and so never missed; or a comparison found something else than believed, or a look could settle nothing.';
CREATE INDEX inventory_level_to_compare ON inventory_level (shop_id, location_id, inventory_item_id)
WHERE to_observe;

CREATE TABLE inventory_observation (
    inventory_observation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    purpose text NOT NULL CHECK (purpose IN ('SETTLE', 'RECENT_CHANGES', 'HARD_SYNC', 'WEBHOOK')),
    run_id text,
    started_at timestamptz NOT NULL DEFAULT now(),
    levels integer NOT NULL DEFAULT 0,
    agreed integer NOT NULL DEFAULT 0,
    rebased integer NOT NULL DEFAULT 0,
    waiting integer NOT NULL DEFAULT 0,
    gone integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE inventory_observation IS
'One look at what a shop shows: of so many levels, so many were as believed, taken over, still moving, not there.';

ALTER TABLE inventory_drift
ALTER COLUMN observed DROP NOT NULL,
ADD COLUMN inventory_observation_id bigint REFERENCES inventory_observation,
ADD COLUMN outcome text NOT NULL DEFAULT 'REBASED' CHECK (outcome IN ('REBASED', 'WAITING', 'QUARANTINED')),
ADD COLUMN committed integer,
ADD COLUMN committed_imported integer,
ADD COLUMN shopify_updated_at timestamptz,
ADD CHECK (cause IN (
    'FIRST_OBSERVATION', 'UNSEEN_ORDER', 'MOVING', 'CHANGED_IN_SHOPIFY', 'LOST_PUSH', 'WRONG_MAPPING', 'UNTRACKED',
    'INACTIVE', 'UNKNOWN'
));
COMMENT ON TABLE inventory_drift IS
'Each level that an observation found to be other than believed: from what, to what, why, and what was done about it.';
COMMENT ON COLUMN inventory_drift.committed IS
'What Shopify says is promised to open orders; beside it what the imported orders say.';
CREATE INDEX ON inventory_drift (inventory_observation_id);
CREATE INDEX ON inventory_drift (shop_id, inventory_item_id, location_id, observed_at);
CREATE INDEX ON shopify_order_item (shop_id, inventory_item_id, location_id) WHERE taken <> fulfilled;
CREATE INDEX ON outbox_batch_row (inventory_item_id, location_id, outbox_batch_id);

INSERT INTO data_manager_config
(config_id, import_service_name, description, import_path, file_name_pattern, default_id_type, reset_by, reason_enum_id)
VALUES
('SHOPIFY_INV_RESET', 'reset_inventory', 'Levels of locations where Shopify is master', 'shopify/inventorylevel/csv',
    '*.csv', 'SHOPIFY_INV_ITEM_ID', 'ATP', 'VAR_EXT_RESET');

CREATE TABLE shopify_webhook (
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    webhook_id text NOT NULL,
    event_id text,
    topic text NOT NULL,
    triggered_at timestamptz,
    inventory_item_id identifier,
    location_id identifier,
    available integer,
    received_at timestamptz NOT NULL DEFAULT now(),
    status_id text NOT NULL DEFAULT 'PENDING'
    CHECK (status_id IN ('PENDING', 'ECHO', 'MARKED', 'IMPORTED', 'IGNORED')),
    message text,
    processed_at timestamptz,
    PRIMARY KEY (shop_id, webhook_id)
);
CREATE INDEX ON shopify_webhook (shop_id, received_at) WHERE status_id = 'PENDING';
COMMENT ON TABLE shopify_webhook IS
'What Shopify has told, each message once. It is a prompt to look: no number in here is ever taken for the truth.';
COMMENT ON COLUMN shopify_webhook.status_id IS
'ECHO: what we believe already, our own write mostly. MARKED: its level is looked at by the next job that compares.
IMPORTED: Shopify is master there, its level was read anew and handed to the data manager.';
