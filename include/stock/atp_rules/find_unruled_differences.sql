-- Values that rules have changed before, that none decides now, and that are not back at their base.
-- Reads product_facility_base, product_profile, winning_rule, product_facility, value_on_its_way, facility,
-- rule_group_type; writes rule_difference.
WITH compared AS (
    SELECT
        base.product_id,
        base.facility_id,
        base.field,
        base.value,
        coalesce(
            on_its_way.value,
            CASE base.field
                WHEN 'minimum_stock' THEN coalesce(present.minimum_stock, 0)
                WHEN 'allow_brokering' THEN coalesce(present.allow_brokering, TRUE)::integer
                WHEN 'allow_pickup' THEN coalesce(present.allow_pickup, TRUE)::integer
            END
        ) AS said
    FROM product_facility_base AS base
    LEFT JOIN product_facility AS present
        ON base.product_id = present.product_id AND base.facility_id = present.facility_id
    LEFT JOIN value_on_its_way AS on_its_way
        ON
            base.product_id = on_its_way.product_id
            AND base.facility_id = on_its_way.facility_id
            AND base.field = on_its_way.field
),

away AS MATERIALIZED (
    SELECT
        compared.product_id,
        compared.facility_id,
        compared.field,
        compared.value,
        compared.said
    FROM compared
    WHERE compared.value <> compared.said
)

INSERT INTO rule_difference
(product_id, facility_id, rule_group_type_id, from_value, to_value)
SELECT
    away.product_id,
    away.facility_id,
    type.rule_group_type_id,
    away.said,
    away.value
FROM away
INNER JOIN facility
    ON
        away.facility_id = facility.facility_id
        AND facility.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE', 'CONFIGURATION')
INNER JOIN rule_group_type AS type
    ON away.field = type.field AND (facility.facility_type_id = 'CONFIGURATION') = type.at_channel
LEFT JOIN product_profile ON away.product_id = product_profile.product_id
LEFT JOIN winning_rule
    ON
        product_profile.traits = winning_rule.traits
        AND away.facility_id = winning_rule.facility_id
        AND away.field = winning_rule.field
WHERE
    winning_rule.rule_number IS NULL
    AND (%(rule_group_type_id)s::text IS NULL OR type.rule_group_type_id = %(rule_group_type_id)s)
