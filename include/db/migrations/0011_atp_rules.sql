-- ATP rules: what they look at, the rules themselves, what values would be without them, and what they have changed.
CREATE TABLE product_tag (
    product_id identifier NOT NULL REFERENCES product,
    tag identifier NOT NULL CHECK (tag <> ''),
    PRIMARY KEY (product_id, tag)
);
CREATE INDEX ON product_tag (tag);
COMMENT ON TABLE product_tag IS 'Tags as Shopify writes them. Rules compare them letter by letter, in this case.';

CREATE TABLE product_feature (
    product_feature_id identifier PRIMARY KEY,
    product_feature_type_id identifier NOT NULL CHECK (product_feature_type_id NOT LIKE '%/%'),
    description identifier NOT NULL,
    UNIQUE (product_feature_type_id, description)
);
COMMENT ON TABLE product_feature IS 'Colours, sizes and the like. Rules name one as TYPE/description: COLOR/Blue.';

CREATE TABLE product_feature_appl (
    product_id identifier NOT NULL REFERENCES product,
    product_feature_id identifier NOT NULL REFERENCES product_feature,
    from_date timestamptz NOT NULL DEFAULT '-infinity',
    thru_date timestamptz NOT NULL DEFAULT 'infinity' CHECK (thru_date > from_date),
    PRIMARY KEY (product_id, product_feature_id, from_date)
);
CREATE INDEX ON product_feature_appl (product_feature_id);

CREATE VIEW product_trait AS
WITH own AS (
    SELECT
        product_id,
        concat('tags:', tag) AS trait
    FROM product_tag
    UNION ALL
    SELECT
        appl.product_id,
        concat('features:', feature.product_feature_type_id, '/', feature.description)
    FROM product_feature_appl AS appl
    INNER JOIN product_feature AS feature ON appl.product_feature_id = feature.product_feature_id
    WHERE appl.from_date <= now() AND appl.thru_date > now()
)

SELECT
    product_id,
    trait
FROM own
UNION
SELECT
    variant.product_id_to,
    own.trait
FROM own
INNER JOIN product_assoc AS variant
    ON
        own.product_id = variant.product_id
        AND variant.product_assoc_type_id = 'PRODUCT_VARIANT'
        AND variant.from_date <= now() AND variant.thru_date > now();
COMMENT ON VIEW product_trait IS
'Tags and features of each product, as conditions of rules name them; a variant has those of its virtual product too.';

CREATE VIEW facility_trait AS
SELECT
    facility_id,
    concat('facilities:', facility_id) AS trait
FROM facility
UNION
SELECT
    facility_id,
    concat('facility_groups:', facility_group_id)
FROM facility_group_member
WHERE from_date <= now() AND thru_date > now()
UNION
SELECT
    configuration_facility_id,
    concat('facility_groups:', facility_group_id)
FROM inventory_channel
WHERE configuration_facility_id IS NOT NULL AND from_date <= now() AND thru_date > now();
COMMENT ON VIEW facility_trait IS
'Each facility''s name and groups, as conditions of rules name them. A channel''s configuration facility belongs to the
group whose stock the channel shows.';

CREATE TABLE rule_group_type (
    rule_group_type_id identifier PRIMARY KEY,
    field identifier NOT NULL CHECK (field IN ('minimum_stock', 'allow_brokering', 'allow_pickup')),
    at_channel boolean NOT NULL,
    description text NOT NULL,
    UNIQUE (field, at_channel)
);
COMMENT ON COLUMN rule_group_type.field IS 'The column of product_facility that rules of this type set.';
COMMENT ON COLUMN rule_group_type.at_channel IS
'Whether at the configuration facilities of channels, or else at stores and warehouses.';
INSERT INTO rule_group_type VALUES
('RG_THRESHOLD', 'minimum_stock', TRUE, 'Threshold of a channel'),
('RG_SAFETY_STOCK', 'minimum_stock', FALSE, 'Safety stock of a store or warehouse'),
('RG_SHIPPING_CHANNEL', 'allow_brokering', TRUE, 'Whether a channel sells a product for shipping'),
('RG_SHIPPING_FACILITY', 'allow_brokering', FALSE, 'Whether a store or warehouse ships a product'),
('RG_PICKUP_CHANNEL', 'allow_pickup', TRUE, 'Whether a channel sells a product for pickup'),
('RG_PICKUP_FACILITY', 'allow_pickup', FALSE, 'Whether a product can be picked up at a store or warehouse');

CREATE TABLE rule_group (
    rule_group_id identifier PRIMARY KEY,
    rule_group_type_id identifier NOT NULL REFERENCES rule_group_type,
    description text,
    sequence_num integer NOT NULL UNIQUE,
    status_id text NOT NULL CHECK (status_id IN ('ACTIVE', 'DRAFT', 'ARCHIVED'))
);
COMMENT ON TABLE rule_group IS
'Rules of one type. A copy of the rules'' file, which is where to change them: each run of the rules reads it anew.';

CREATE TABLE decision_rule (
    rule_group_id identifier NOT NULL REFERENCES rule_group ON DELETE CASCADE,
    rule_id identifier NOT NULL,
    rule_name text NOT NULL,
    sequence_num integer NOT NULL,
    status_id text NOT NULL CHECK (status_id IN ('ACTIVE', 'DRAFT', 'ARCHIVED')),
    field_value numeric NOT NULL CHECK (field_value >= 0),
    PRIMARY KEY (rule_group_id, rule_id),
    UNIQUE (rule_group_id, sequence_num)
);
COMMENT ON COLUMN decision_rule.field_value IS 'What it sets the field of its group''s type to; a switch is 1 or 0.';
COMMENT ON COLUMN decision_rule.sequence_num IS
'Rules are tried in the order of their groups, then in this one; of those that match, the last decides.';

CREATE TABLE rule_condition (
    rule_group_id identifier NOT NULL,
    rule_id identifier NOT NULL,
    field_name text NOT NULL CHECK (field_name IN ('tags', 'features', 'facilities', 'facility_groups')),
    operator text NOT NULL CHECK (operator IN ('any', 'all', 'none', 'not_all', 'in', 'not_in')),
    field_values text[] COLLATE "C" NOT NULL CHECK (cardinality(field_values) > 0),
    PRIMARY KEY (rule_group_id, rule_id, field_name, operator),
    FOREIGN KEY (rule_group_id, rule_id) REFERENCES decision_rule ON DELETE CASCADE,
    CHECK ((field_name = 'facilities') = (operator IN ('in', 'not_in')))
);
COMMENT ON TABLE rule_condition IS 'All conditions of a rule must hold. A rule without any matches everything.';

CREATE FUNCTION condition_holds(operator text, found text[], wanted text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE operator
    WHEN 'any' THEN found && wanted
    WHEN 'in' THEN found && wanted
    WHEN 'all' THEN found @> wanted
    WHEN 'none' THEN NOT found && wanted
    WHEN 'not_in' THEN NOT found && wanted
    WHEN 'not_all' THEN NOT found @> wanted
END
$$;

CREATE TABLE product_facility_base (
    product_id identifier NOT NULL REFERENCES product,
    facility_id identifier NOT NULL REFERENCES facility,
    field text NOT NULL CHECK (field IN ('minimum_stock', 'allow_brokering', 'allow_pickup')),
    value numeric NOT NULL CHECK (value >= 0),
    PRIMARY KEY (product_id, facility_id, field)
);
COMMENT ON TABLE product_facility_base IS
'What a value of product_facility would be without rules; a switch is 1 or 0. There is a row for each value that rules
have ever changed; of all others, product_facility itself is the base.';

CREATE TABLE rule_file (
    rule_file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_group_type_id identifier NOT NULL REFERENCES rule_group_type,
    file_name text NOT NULL UNIQUE,
    change_count bigint NOT NULL,
    status_id text NOT NULL DEFAULT 'PLANNED' CHECK (status_id IN ('PLANNED', 'IMPORTED', 'GIVEN_UP')),
    data_manager_log_id bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON rule_file (rule_file_id) WHERE status_id = 'PLANNED';
COMMENT ON TABLE rule_file IS
'Files with what the rules have changed, noted before they are written to the SFTP server. While one is PLANNED, its
changes count as made: they are not found again.';
COMMENT ON COLUMN rule_file.data_manager_log_id IS 'The file in the data manager''s log, once it was processed.';

CREATE TABLE rule_change (
    rule_file_id bigint NOT NULL REFERENCES rule_file,
    product_id identifier NOT NULL,
    facility_id identifier NOT NULL,
    from_value numeric NOT NULL,
    to_value numeric NOT NULL,
    rule_group_id identifier,
    rule_id identifier,
    PRIMARY KEY (rule_file_id, product_id, facility_id)
);
CREATE INDEX ON rule_change (product_id, facility_id);
COMMENT ON TABLE rule_change IS
'The rows of each file. rule_group_id and rule_id are the rule that decided, whether it still exists or not; NULL: none
matches any more, and the value goes back to its base.';
