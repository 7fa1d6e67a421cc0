-- Where product_facility differs from what it should say: the winning rule's value, or, of a value that rules have
-- changed before and none matches now, its base. What is already on its way in a file counts as said.
-- Reads product_profile, winning_rule, rule_in_force, product_facility, product_facility_base, rule_file, rule_change,
-- facility, rule_group_type; writes rule_difference.
WITH ruled AS (
    SELECT
        product_profile.product_id,
        winning_rule.facility_id,
        rule.field,
        rule.field_value AS value,
        rule.rule_group_id,
        rule.rule_id
    FROM product_profile
    INNER JOIN winning_rule ON product_profile.traits = winning_rule.traits
    INNER JOIN rule_in_force AS rule ON winning_rule.rule_number = rule.rule_number
),

wanted AS (
    SELECT
        coalesce(ruled.product_id, base.product_id) AS product_id,
        coalesce(ruled.facility_id, base.facility_id) AS facility_id,
        coalesce(ruled.field, base.field) AS field,
        coalesce(ruled.value, base.value) AS value,
        ruled.rule_group_id,
        ruled.rule_id
    FROM ruled
    FULL JOIN product_facility_base AS base
        ON
            ruled.product_id = base.product_id
            AND ruled.facility_id = base.facility_id
            AND ruled.field = base.field
),

on_its_way AS (
    SELECT DISTINCT ON (change.product_id, change.facility_id, type.field)
        change.product_id,
        change.facility_id,
        type.field,
        change.to_value AS value
    FROM rule_file AS file
    INNER JOIN rule_change AS change ON file.rule_file_id = change.rule_file_id
    INNER JOIN rule_group_type AS type ON file.rule_group_type_id = type.rule_group_type_id
    WHERE file.status_id = 'PLANNED'
    ORDER BY change.product_id ASC, change.facility_id ASC, type.field ASC, file.rule_file_id DESC
),

compared AS (
    SELECT
        wanted.product_id,
        wanted.facility_id,
        wanted.field,
        wanted.value,
        wanted.rule_group_id,
        wanted.rule_id,
        coalesce(
            on_its_way.value,
            CASE wanted.field
                WHEN 'minimum_stock' THEN coalesce(present.minimum_stock, 0)
                WHEN 'allow_brokering' THEN coalesce(present.allow_brokering, TRUE)::integer
                WHEN 'allow_pickup' THEN coalesce(present.allow_pickup, TRUE)::integer
            END
        ) AS said
    FROM wanted
    LEFT JOIN product_facility AS present
        ON wanted.product_id = present.product_id AND wanted.facility_id = present.facility_id
    LEFT JOIN on_its_way
        ON
            wanted.product_id = on_its_way.product_id
            AND wanted.facility_id = on_its_way.facility_id
            AND wanted.field = on_its_way.field
)

INSERT INTO rule_difference
(product_id, facility_id, rule_group_type_id, from_value, to_value, rule_group_id, rule_id)
SELECT
    compared.product_id,
    compared.facility_id,
    type.rule_group_type_id,
    compared.said,
    compared.value,
    compared.rule_group_id,
    compared.rule_id
FROM compared
INNER JOIN facility
    ON
        compared.facility_id = facility.facility_id
        AND facility.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE', 'CONFIGURATION')
INNER JOIN rule_group_type AS type
    ON compared.field = type.field AND (facility.facility_type_id = 'CONFIGURATION') = type.at_channel
WHERE
    compared.value <> compared.said
    AND (%(rule_group_type_id)s::text IS NULL OR type.rule_group_type_id = %(rule_group_type_id)s)
