-- What the ERP does not know of yet, kept over its resets until it was told; what NetSuite answers; and tags by file.
ALTER TABLE data_manager_config ADD COLUMN is_of_erp boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN data_manager_config.is_of_erp IS
'Whether the feed''s snapshots are what the ERP has in its books: they know of our own variances once it was told.';
UPDATE data_manager_config SET is_of_erp = TRUE WHERE config_id IN ('RESET_INVENTORY', 'STORE_INV_RESET');

ALTER TABLE variance_feed
ADD COLUMN reaches_erp_after interval NOT NULL DEFAULT '1 hour' CHECK (reaches_erp_after >= '0');
COMMENT ON COLUMN variance_feed.reaches_erp_after IS
'How long after its upload a file is in the ERP''s books, unless the ERP has confirmed it earlier.';

ALTER TABLE exported_variance
ADD COLUMN erp_id text,
ADD COLUMN acknowledged_at timestamptz,
ADD COLUMN acknowledged_in_log_id bigint REFERENCES data_manager_log;
COMMENT ON COLUMN exported_variance.erp_id IS 'What the ERP calls the adjustment that it made of it, if it answered.';
COMMENT ON COLUMN exported_variance.acknowledged_at IS 'The moment of that answer: the ERP has it by then.';

CREATE FUNCTION is_told_to_erp(reason_enum_id text) RETURNS boolean LANGUAGE sql STABLE AS $$
SELECT coalesce(
    (SELECT reason.is_told_to_erp FROM variance_reason AS reason WHERE reason.variance_reason_id = reason_enum_id),
    TRUE
)
$$;
COMMENT ON FUNCTION is_told_to_erp IS 'Whether the ERP is told of variances with this reason, if they are born here.';

-- What is to be told is decided when it is posted, by the settings of that moment.
ALTER TABLE inventory_item_detail ADD COLUMN is_new_to_erp boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN inventory_item_detail.is_new_to_erp IS
'Born here, so that the ERP is to be told: a variance or count, with a reason that it does not hear of otherwise.';
ALTER TABLE inventory_item_detail DISABLE TRIGGER append_only;
UPDATE inventory_item_detail AS detail
SET is_new_to_erp = TRUE
WHERE
    detail.reason_enum_id NOT IN (
        'VAR_EXT_RESET', 'VAR_INTEGR', 'VAR_SHIP_RECV', 'VAR_SCH_SHIP_RECV', 'INV_RES_CREATE', 'INV_RES_RELEASE',
        'ITEM_ISSUANCE'
    )
    AND detail.quantity_on_hand_diff <> 0
    AND detail.order_id IS NULL
    AND detail.shipment_id IS NULL
    AND is_told_to_erp(detail.reason_enum_id)
    AND coalesce((
        SELECT config.is_told_to_erp
        FROM data_manager_log AS log
        INNER JOIN data_manager_config AS config ON log.config_id = config.config_id
        WHERE log.data_manager_log_id = detail.data_manager_log_id
    ), detail.data_manager_log_id IS NULL);
ALTER TABLE inventory_item_detail ENABLE TRIGGER append_only;
DROP INDEX inventory_item_detail_variance;
CREATE INDEX inventory_item_detail_variance ON inventory_item_detail (inventory_item_detail_id) WHERE is_new_to_erp;

CREATE FUNCTION unknown_to_erp(as_of timestamptz)
RETURNS TABLE (
    product_id identifier, facility_id identifier, quantity_on_hand_diff numeric, available_to_promise_diff numeric
)
LANGUAGE sql STABLE AS $$
SELECT
    detail.product_id,
    detail.facility_id,
    detail.quantity_on_hand_diff,
    detail.available_to_promise_diff
FROM inventory_item_detail AS detail
WHERE
    detail.is_new_to_erp
    AND detail.effective_at <= unknown_to_erp.as_of
    AND detail.effective_at >= (SELECT min(feed.export_from) FROM variance_feed AS feed)
    AND NOT EXISTS (
        SELECT
        FROM exported_variance AS told
        INNER JOIN variance_file AS file ON told.variance_file_id = file.variance_file_id
        INNER JOIN variance_feed AS feed ON file.variance_feed_id = feed.variance_feed_id
        WHERE
            told.inventory_item_detail_id = detail.inventory_item_detail_id
            AND least(told.acknowledged_at, file.uploaded_at + feed.reaches_erp_after) <= unknown_to_erp.as_of
    )
$$;
COMMENT ON FUNCTION unknown_to_erp IS
'Movements born here that had taken effect by a moment and were not in the ERP''s books by then. Without a variance feed
there are none: who tells the ERP nothing lets its numbers stand.';

CREATE TABLE product_trait_snapshot (
    data_manager_log_id bigint NOT NULL,
    field text NOT NULL CHECK (field IN ('tags', 'features')),
    as_of timestamptz NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (data_manager_log_id, field)
);
CREATE INDEX ON product_trait_snapshot (as_of);
COMMENT ON TABLE product_trait_snapshot IS
'Of which products'' tags or features a file spoke, whether it changed them or not: an older file has no say in them.';

INSERT INTO data_manager_config
(config_id, import_service_name, description, import_path, default_id_type, reason_enum_id, priority)
VALUES
('IMP_PRODUCT_TAG', 'product_tags', 'Tags and features of products', 'hotwax/producttag', 'SKU', 'VAR_MANUAL', 50),
('IMP_VARIANCE_ANSWER', 'variance_answer', 'Answers of NetSuite to variance files',
    'netsuite/inventoryadjustment/cycle_count', 'NETSUITE_PRODUCT_ID', 'VAR_INTEGR', 50);

-- An update that changes no row, such as each refresh makes to see whether a date has come, marks nothing, and need not
-- read through all products of a shop to know that.
CREATE OR REPLACE FUNCTION mark_products_of_groups() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    groups identifier[] := '{}';
BEGIN
    IF tg_op <> 'INSERT' THEN
        groups := ARRAY(SELECT DISTINCT facility_group_id FROM before);
    END IF;
    IF tg_op <> 'DELETE' THEN
        groups := groups || ARRAY(SELECT DISTINCT facility_group_id FROM after);
    END IF;
    IF cardinality(groups) > 0 THEN
        INSERT INTO dirty_product (product_id)
        SELECT DISTINCT mapped.product_id
        FROM inventory_channel AS channel
        INNER JOIN shopify_shop_product AS mapped ON channel.shop_id = mapped.shop_id
        WHERE channel.facility_group_id = any(groups);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mark_products_of_stores() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stores identifier[] := '{}';
BEGIN
    IF tg_op <> 'INSERT' THEN
        stores := ARRAY(SELECT DISTINCT product_store_id FROM before);
    END IF;
    IF tg_op <> 'DELETE' THEN
        stores := stores || ARRAY(SELECT DISTINCT product_store_id FROM after);
    END IF;
    IF cardinality(stores) > 0 THEN
        INSERT INTO dirty_product (product_id)
        SELECT DISTINCT mapped.product_id
        FROM shopify_shop AS shop
        INNER JOIN shopify_shop_product AS mapped ON shop.shop_id = mapped.shop_id
        WHERE shop.product_store_id = any(stores);
    END IF;
    RETURN NULL;
END
$$;

-- The same as before; but how far kits reach the planner cannot tell, and it would read through all products to be on
-- the safe side: OFFSET 0 has each looked up.
CREATE OR REPLACE FUNCTION kit_components(kit_ids identifier[])
RETURNS TABLE (kit_id identifier, component_id identifier, quantity numeric, is_empty boolean)
LANGUAGE sql STABLE AS $$
WITH RECURSIVE part AS (
    SELECT
        asked.product_id AS kit_id,
        asked.product_id,
        1::numeric AS quantity
    FROM unnest(kit_ids) AS asked (product_id)
    UNION ALL
    SELECT
        part.kit_id,
        held.product_id_to,
        part.quantity * held.quantity
    FROM part
    CROSS JOIN LATERAL (
        SELECT
            assoc.product_id_to,
            assoc.quantity
        FROM product
        INNER JOIN product_assoc AS assoc ON product.product_id = assoc.product_id
        WHERE
            product.product_id = part.product_id AND product.is_kit
            AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
            AND assoc.from_date <= now() AND assoc.thru_date > now()
        OFFSET 0
    ) AS held
) CYCLE product_id SET closes_circle USING way

SELECT
    part.kit_id,
    part.product_id,
    sum(part.quantity),
    bool_or(known.is_kit)
FROM part
CROSS JOIN LATERAL (
    SELECT
        product.is_kit,
        product.is_kit AND NOT EXISTS (
            SELECT
            FROM product_assoc AS assoc
            WHERE
                assoc.product_id = product.product_id
                AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
                AND assoc.from_date <= now() AND assoc.thru_date > now()
        ) AS holds_nothing
    FROM product
    WHERE product.product_id = part.product_id
    OFFSET 0
) AS known
WHERE NOT known.is_kit OR part.closes_circle OR known.holds_nothing
GROUP BY part.kit_id, part.product_id
$$;
