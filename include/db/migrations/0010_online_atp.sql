-- What online ATP depends on besides stock: stores and their settings, order queues, memberships by date, kits.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE product_store (
    product_store_id identifier PRIMARY KEY,
    store_name text NOT NULL,
    reserve_inventory boolean NOT NULL DEFAULT TRUE,
    hold_pre_order_physical_inventory boolean NOT NULL DEFAULT FALSE
);
COMMENT ON TABLE product_store IS 'A store that sells through one shop or several, with the settings they share.';
COMMENT ON COLUMN product_store.reserve_inventory IS
'Whether open orders in the virtual order queues are deducted from what the store''s online channels promise.';
COMMENT ON COLUMN product_store.hold_pre_order_physical_inventory IS
'HOLD_PRORD_PHYCL_INV: a product with open pre-orders or back-orders is not promised online at all.';

CREATE TABLE product_store_facility (
    product_store_id identifier NOT NULL REFERENCES product_store,
    facility_id identifier NOT NULL REFERENCES facility,
    from_date timestamptz NOT NULL DEFAULT '-infinity',
    thru_date timestamptz NOT NULL DEFAULT 'infinity' CHECK (thru_date > from_date),
    is_current boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (product_store_id, facility_id, from_date),
    CONSTRAINT product_store_facility_periods_do_not_overlap EXCLUDE USING gist (
        product_store_id WITH =, facility_id WITH =, tstzrange(from_date, thru_date) WITH &&
    )
);
COMMENT ON TABLE product_store_facility IS
'The facilities that a store sells from. Only those of a channel''s group that are here as well promise anything.';

ALTER TABLE shopify_shop
ADD COLUMN product_store_id identifier REFERENCES product_store,
ADD COLUMN keeps_kit_numbers boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN shopify_shop.product_store_id IS
'The store that the shop belongs to. NULL: it is a store of its own that sells from all facilities of its channels.';
COMMENT ON COLUMN shopify_shop.keeps_kit_numbers IS
'The shop computes its kits itself, as Shopify''s Bundles app does: kits have no target there.';

ALTER TABLE shopify_shop_product ADD COLUMN is_bundle boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN shopify_shop_product.is_bundle IS
'Shopify computes this product''s number from its components and refuses every other: it has no target in this shop.';
CREATE INDEX ON shopify_shop_product (product_id);

ALTER TABLE inventory_level ALTER COLUMN target DROP NOT NULL;
COMMENT ON COLUMN inventory_level.target IS
'What Shopify should show: online ATP of the location. NULL where Shopify computes the number itself.';

ALTER TABLE facility ADD COLUMN order_queue_type_id text CHECK (order_queue_type_id IN (
    'BROKERING', 'UNFILLABLE', 'UNFILLABLE_HOLD', 'REJECTED', 'PICKUP_REJECTED', 'PRE_ORDER', 'BACKORDER',
    'GENERAL_OPS', 'RELEASED'
)),
ADD CHECK (order_queue_type_id IS NULL OR facility_type_id = 'VIRTUAL_FACILITY');
COMMENT ON COLUMN facility.order_queue_type_id IS
'What a virtual facility holds orders for. PRE_ORDER and BACKORDER have a meaning of their own: see product_store.';

-- Kits.
ALTER TABLE product
ADD COLUMN former_product_type_id text,
ADD COLUMN kit_is_stocked boolean NOT NULL DEFAULT FALSE,
ADD COLUMN is_kit boolean NOT NULL
GENERATED ALWAYS AS (product_type_id = 'MARKETING_PKG_PICK' AND NOT kit_is_stocked) STORED;
COMMENT ON COLUMN product.former_product_type_id IS
'What it was before it got components and became a kit; what it is again once it has none of any date.';
COMMENT ON COLUMN product.kit_is_stocked IS
'A kit assembled beforehand: it promises its own stock, as any product does, and the ERP''s rows about it count.';
COMMENT ON COLUMN product.is_kit IS
'What it promises is computed from its components; its own stock counts for nothing.';
CREATE INDEX ON product (product_id) WHERE is_kit;

-- Whether a dated row was taken for current when targets were last computed. A refresh turns the rows for which that
-- has changed, and the triggers mark what depends on them: a beginning or an end by the clock cannot be missed.
ALTER TABLE facility_group_member ADD COLUMN is_current boolean NOT NULL DEFAULT FALSE;
ALTER TABLE inventory_channel ADD COLUMN is_current boolean NOT NULL DEFAULT FALSE;
ALTER TABLE product_assoc ADD COLUMN is_current boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN facility_group_member.is_current IS 'Whether targets count it in. Written by the refresh of targets.';
COMMENT ON COLUMN inventory_channel.is_current IS 'Whether targets count it in. Written by the refresh of targets.';
COMMENT ON COLUMN product_assoc.is_current IS 'Whether targets count it in. Written by the refresh of targets.';
COMMENT ON COLUMN product_store_facility.is_current IS
'Whether targets count it in. Written by the refresh of targets.';
CREATE INDEX ON product_assoc (is_current, thru_date);
CREATE INDEX ON product_assoc (from_date) WHERE is_current;

-- Memberships that overlap become one; from now on they are refused.
CREATE TEMP TABLE joined_membership ON COMMIT DROP AS
SELECT
    facility_group_id,
    facility_id,
    unnest(range_agg(tstzrange(from_date, thru_date))) AS period
FROM facility_group_member
GROUP BY facility_group_id, facility_id;
DELETE FROM facility_group_member;
INSERT INTO facility_group_member (facility_group_id, facility_id, from_date, thru_date)
SELECT
    facility_group_id,
    facility_id,
    lower(period),
    upper(period)
FROM joined_membership;

CREATE FUNCTION refuse_overlapping_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    other record;
BEGIN
    SELECT * INTO other FROM facility_group_member AS each
    WHERE each.facility_group_id = new.facility_group_id AND each.facility_id = new.facility_id
        AND each.from_date < new.thru_date AND each.thru_date > new.from_date
        AND (tg_op = 'INSERT' OR each.from_date <> old.from_date OR each.facility_id <> old.facility_id
            OR each.facility_group_id <> old.facility_group_id);
    IF FOUND THEN
        RAISE EXCEPTION 'facility % is in group % already, from % until %',
            new.facility_id, new.facility_group_id, other.from_date, other.thru_date
            USING ERRCODE = 'exclusion_violation',
            HINT = 'End the other membership first: set its thru_date. Or begin this one when that one ends.';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER membership_does_not_overlap
BEFORE INSERT OR UPDATE OF facility_group_id, facility_id, from_date, thru_date ON facility_group_member
FOR EACH ROW EXECUTE FUNCTION refuse_overlapping_membership();
-- The triggers say what is wrong; the constraints hold against two transactions at once, which do not see each other.
ALTER TABLE facility_group_member ADD CONSTRAINT facility_group_member_periods_do_not_overlap EXCLUDE USING gist (
    facility_group_id WITH =, facility_id WITH =, tstzrange(from_date, thru_date) WITH &&
);
ALTER TABLE inventory_channel ADD CONSTRAINT inventory_channel_location_is_mapped_once EXCLUDE USING gist (
    shop_id WITH =, location_id WITH =, tstzrange(from_date, thru_date) WITH &&
);

CREATE FUNCTION kit_components(kit_ids identifier[])
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
        assoc.product_id_to,
        part.quantity * assoc.quantity
    FROM part
    INNER JOIN product ON part.product_id = product.product_id AND product.is_kit
    INNER JOIN product_assoc AS assoc
        ON
            part.product_id = assoc.product_id
            AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
            AND assoc.from_date <= now() AND assoc.thru_date > now()
) CYCLE product_id SET closes_circle USING way

SELECT
    part.kit_id,
    part.product_id,
    sum(part.quantity),
    bool_or(product.is_kit)
FROM part
INNER JOIN product ON part.product_id = product.product_id
WHERE
    NOT product.is_kit
    OR part.closes_circle
    OR NOT EXISTS (
        SELECT
        FROM product_assoc AS assoc
        WHERE
            assoc.product_id = part.product_id
            AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
            AND assoc.from_date <= now() AND assoc.thru_date > now()
    )
GROUP BY part.kit_id, part.product_id
$$;
COMMENT ON FUNCTION kit_components IS
'What kits consist of now, through kits within kits, down to what has stock of its own: how many of it in all. is_empty:
a kit among them that has no components now, or that somebody made hold itself; nothing can be made of it.';

CREATE FUNCTION kit_component_of(product_id identifier)
RETURNS TABLE (component_id identifier, quantity numeric)
LANGUAGE sql STABLE AS $$
SELECT component_id, quantity FROM kit_components(ARRAY[kit_component_of.product_id])
$$;
COMMENT ON FUNCTION kit_component_of IS
'What one unit of a product takes from stock now: a kit its components and how many of each, any other product itself.';

-- A kit whose content has changed, or begun or ended by the clock, and the kits above it, promise something else.
CREATE OR REPLACE FUNCTION mark_dirty_kits() RETURNS trigger LANGUAGE plpgsql AS $$
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
                SELECT product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date, is_current
                FROM before
                UNION ALL
                SELECT product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date, is_current
                FROM after
            ) AS version
            GROUP BY product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date, is_current
            HAVING count(*) = 1
        );
    END IF;
    INSERT INTO dirty_product (product_id) SELECT with_kits_above FROM with_kits_above(changed);
    RETURN NULL;
END
$$;

CREATE FUNCTION mark_dirty_types() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dirty_product (product_id)
    SELECT after.product_id
    FROM after
    INNER JOIN before ON after.product_id = before.product_id
    WHERE after.is_kit <> before.is_kit;
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON product
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_dirty_types();

-- What concerns a shop as a whole marks the products of that shop.
CREATE FUNCTION mark_products_of_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        INSERT INTO dirty_product (product_id)
        SELECT DISTINCT mapped.product_id
        FROM before
        INNER JOIN inventory_channel AS channel ON before.facility_group_id = channel.facility_group_id
        INNER JOIN shopify_shop_product AS mapped ON channel.shop_id = mapped.shop_id;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO dirty_product (product_id)
        SELECT DISTINCT mapped.product_id
        FROM after
        INNER JOIN inventory_channel AS channel ON after.facility_group_id = channel.facility_group_id
        INNER JOIN shopify_shop_product AS mapped ON channel.shop_id = mapped.shop_id;
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER mark_dirty ON facility_group_member;
CREATE TRIGGER mark_dirty_on_insert AFTER INSERT ON facility_group_member
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_groups();
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON facility_group_member
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_groups();
CREATE TRIGGER mark_dirty_on_delete AFTER DELETE ON facility_group_member
REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_groups();

-- A channel or a shop's store also decides whose queues other shops deduct.
CREATE FUNCTION mark_products_of_channels() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_changed boolean := FALSE;
BEGIN
    IF tg_op <> 'INSERT' THEN
        is_changed := EXISTS (SELECT FROM before);
    END IF;
    IF tg_op <> 'DELETE' THEN
        is_changed := is_changed OR EXISTS (SELECT FROM after);
    END IF;
    IF is_changed THEN
        INSERT INTO dirty_product (product_id) SELECT DISTINCT product_id FROM shopify_shop_product;
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER mark_dirty ON inventory_channel;
DROP FUNCTION mark_every_mapped_product_dirty;
CREATE TRIGGER mark_dirty_on_insert AFTER INSERT ON inventory_channel
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_channels();
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON inventory_channel
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_channels();
CREATE TRIGGER mark_dirty_on_delete AFTER DELETE ON inventory_channel
REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_channels();

CREATE FUNCTION mark_products_of_stores() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        INSERT INTO dirty_product (product_id)
        SELECT DISTINCT mapped.product_id
        FROM before
        INNER JOIN shopify_shop AS shop ON before.product_store_id = shop.product_store_id
        INNER JOIN shopify_shop_product AS mapped ON shop.shop_id = mapped.shop_id;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO dirty_product (product_id)
        SELECT DISTINCT mapped.product_id
        FROM after
        INNER JOIN shopify_shop AS shop ON after.product_store_id = shop.product_store_id
        INNER JOIN shopify_shop_product AS mapped ON shop.shop_id = mapped.shop_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_dirty_on_insert AFTER INSERT ON product_store_facility
REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_stores();
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON product_store_facility
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_stores();
CREATE TRIGGER mark_dirty_on_delete AFTER DELETE ON product_store_facility
REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_stores();
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON product_store
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_stores();

-- Each import of orders writes the shop's row as well: only the settings that targets depend on mark anything.
CREATE FUNCTION mark_products_of_shops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM after INNER JOIN before ON after.shop_id = before.shop_id
        WHERE
            (after.product_store_id, after.keeps_kit_numbers)
            IS DISTINCT FROM (before.product_store_id, before.keeps_kit_numbers)
    ) THEN
        INSERT INTO dirty_product (product_id) SELECT DISTINCT product_id FROM shopify_shop_product;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON shopify_shop
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_shops();

CREATE FUNCTION mark_products_of_facilities() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM after INNER JOIN before ON after.facility_id = before.facility_id
        WHERE
            (after.facility_type_id, after.order_queue_type_id)
            IS DISTINCT FROM (before.facility_type_id, before.order_queue_type_id)
    ) THEN
        INSERT INTO dirty_product (product_id) SELECT DISTINCT product_id FROM shopify_shop_product;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_dirty_on_update AFTER UPDATE ON facility
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_products_of_facilities();
