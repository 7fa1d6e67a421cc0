-- The last rule that matches, for each profile, facility and field.
-- Reads rule_in_force, rule_condition, product_profile, facility, facility_trait; writes winning_rule.
WITH condition AS MATERIALIZED (
    SELECT
        rule.rule_number,
        condition.field_name IN ('tags', 'features') AS is_of_product,
        condition.operator,
        (
            SELECT array_agg(concat(condition.field_name, ':', value.name))
            FROM unnest(condition.field_values) AS value (name)
        ) AS wanted
    FROM rule_in_force AS rule
    INNER JOIN rule_condition AS condition
        ON rule.rule_group_id = condition.rule_group_id AND rule.rule_id = condition.rule_id
),

profile AS (
    SELECT DISTINCT traits FROM product_profile
),

of_product AS MATERIALIZED (
    SELECT
        rule.rule_number,
        profile.traits
    FROM rule_in_force AS rule
    CROSS JOIN profile
    WHERE NOT EXISTS (
        SELECT
        FROM condition
        WHERE
            condition.rule_number = rule.rule_number AND condition.is_of_product
            AND NOT condition_holds(condition.operator, profile.traits, condition.wanted)
    )
),

place AS (
    SELECT
        facility.facility_id,
        facility.facility_type_id = 'CONFIGURATION' AS at_channel,
        array_agg(facility_trait.trait) AS traits
    FROM facility
    INNER JOIN facility_trait ON facility.facility_id = facility_trait.facility_id
    WHERE facility.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE', 'CONFIGURATION')
    GROUP BY facility.facility_id
),

at_facility AS MATERIALIZED (
    SELECT
        rule.rule_number,
        rule.field,
        place.facility_id
    FROM rule_in_force AS rule
    INNER JOIN place ON rule.at_channel = place.at_channel
    WHERE NOT EXISTS (
        SELECT
        FROM condition
        WHERE
            condition.rule_number = rule.rule_number AND NOT condition.is_of_product
            AND NOT condition_holds(condition.operator, place.traits, condition.wanted)
    )
)

INSERT INTO winning_rule (traits, facility_id, field, rule_number)
SELECT
    of_product.traits,
    at_facility.facility_id,
    at_facility.field,
    max(at_facility.rule_number) AS rule_number
FROM of_product
INNER JOIN at_facility ON of_product.rule_number = at_facility.rule_number
GROUP BY of_product.traits, at_facility.facility_id, at_facility.field
